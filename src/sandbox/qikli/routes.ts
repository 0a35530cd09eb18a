import type { SandboxHandler, SandboxReply, SandboxRequest } from "../http-server.ts";
import type { QikliContext } from "./context.ts";
import { refusal } from "./replies.ts";
import { pullReports, showLogs } from "./reports.ts";
import { submit } from "./submit.ts";
import { type Format, formats } from "./wire.ts";

interface Route {
  method: "GET" | "POST";
  run(context: QikliContext, request: SandboxRequest, wanted: Format): SandboxReply | Promise<SandboxReply>;
}

const routes: Readonly<Record<string, Route>> = {
  "/sms/2/text/advanced": { method: "POST", run: runSubmit },
  "/sms/1/reports": {
    method: "GET",
    run: (context, { query }, wanted) => pullReports(context, query, wanted),
  },
  "/sms/1/logs": { method: "GET", run: (context, { query }, wanted) => showLogs(context, query, wanted) },
};

/** Checks the route first, then the credentials, the formats and the body. */
export function qikliHandler(context: QikliContext): SandboxHandler {
  return (request) => {
    const { path, method, headers } = request;
    const sent = formatOf(headers["content-type"]);
    const wanted =
      headers.accept === undefined || /\*\/\*/.test(headers.accept) ? sent : formatOf(headers.accept);
    const format = wanted ?? "application/json";
    const isServed = Object.hasOwn(routes, path) && (context.logs || path !== "/sms/1/logs");
    const route = isServed ? routes[path] : undefined;
    if (route === undefined) return refusal(format, "notFound");
    if (method !== route.method) return refusal(format, "methodNotAllowed");
    if (headers.authorization !== context.authorization) return refusal(format, "unauthorized");
    if (headers.accept !== undefined && wanted === undefined && sent !== undefined) {
      return refusal(format, "notAcceptable");
    }
    return route.run(context, request, format);
  };
}

function runSubmit(context: QikliContext, { headers, body }: SandboxRequest, wanted: Format) {
  const type = headers["content-type"];
  // "If the Content-Type is not specified you will receive a General error."
  if (type === undefined || type === "") return refusal(wanted, "general");
  const sent = formatOf(type);
  return sent === undefined ? refusal(wanted, "unsupportedType") : submit(context, body, { sent, wanted });
}

function formatOf(type = ""): Format | undefined {
  return formats.find((format) =>
    type
      .toLowerCase()
      .split(/[;,\s]/)
      .includes(format),
  );
}
