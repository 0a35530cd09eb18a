import { refusal } from "../../wire/qikli/answers.ts";
import { findEndpoint, formatOf, formatProblem } from "../../wire/qikli/routes.ts";
import type { SandboxHandler } from "../http-server.ts";
import type { QikliContext } from "./context.ts";
import { pullReports, showLogs } from "./reports.ts";
import { submit } from "./submit.ts";

/** Checks the route first, then the credentials, the formats and the body. */
export function qikliHandler(context: QikliContext): SandboxHandler {
  return (request) => {
    const { headers, query, body } = request;
    const found = findEndpoint(request, context.logs);
    if ("status" in found) return found;
    const { endpoint, wanted } = found;
    if (headers.authorization !== context.authorization) return refusal(wanted, "unauthorized");
    const problem = formatProblem(request, found);
    if (problem !== undefined) return problem;
    if (endpoint === "reports") return pullReports(context, query, wanted);
    if (endpoint === "logs") return showLogs(context, query, wanted);
    return submit(context, body, { sent: formatOf(headers["content-type"]) ?? wanted, wanted });
  };
}
