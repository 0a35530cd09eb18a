import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Metrics } from "../lib/metrics.ts";
import { isSecret, setSafeHeaders, type WebSettings } from "./browser-guard.ts";
import { CountedRequest, refuseTooFine } from "./chunk-cost.ts";
import { pathOf } from "./path.ts";

interface StatusOptions {
  /** Why the process cannot serve; undefined when it can. */
  ready: () => Promise<string | undefined>;
  /** What else to say about the state; it does not decide whether the process can serve. */
  notes?: (() => string) | undefined;
  metrics: Metrics;
  web: WebSettings;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** What tells how a process is: `/healthz`, `/readyz`, `/metrics`. */
export const statusRoutes = ({ ready, notes = () => "", metrics, web }: StatusOptions) =>
  ({
    healthz: (_request, response) => answer(response, 200, "ok"),
    readyz: async (_request, response) => {
      const problem = await ready();
      const state = problem === undefined ? "ready" : `not ready: ${problem}`;
      answer(response, problem === undefined ? 200 : 503, [state, notes()].filter(Boolean).join("; "));
    },
    metrics: async (request, response) => {
      if (!web.metrics) return answer(response, 404, "not found: METRICS switches it on");
      if (web.metricsToken !== undefined && !isSecret(request, web.metricsToken))
        return answer(response, 401, "send METRICS_TOKEN as `Authorization: Bearer <token>`");
      response.setHeader("content-type", metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    },
  }) satisfies Record<string, Handler>;

/** The HTTP server of a process that is only a worker. */
export function createStatusServer(options: StatusOptions): Server {
  const routes: Record<string, Handler> = statusRoutes(options);
  const handle: Handler = async (request, response) => {
    setSafeHeaders(response);
    const name = pathOf(request)?.slice(1) ?? "";
    const handler = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (!handler)
      return answer(response, 404, "not found: this is a worker; it has /healthz, /readyz, /metrics");
    await handler(request, response);
    request.resume();
  };
  const limits = { IncomingMessage: CountedRequest, requestTimeout: 10_000, headersTimeout: 5_000 };
  return createServer(limits, (request, response) => {
    refuseTooFine(request, response);
    Promise.resolve(handle(request, response)).catch(() => response.destroy());
  });
}

export function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
