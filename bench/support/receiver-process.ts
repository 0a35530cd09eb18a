import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * The endpoints of webhooks, in a process of its own. It answers at once, but never under `/silent`. Of what comes
 * under `/busy` it tells, when asked, the milliseconds since each event was stored.
 */
let lags: number[] = [];
const seen = new Set<string>();
let repeated = 0;

const server = createServer((request, response) => {
  if (request.url === "/silent") return;
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    response.writeHead(204).end();
    if (request.url !== "/busy") return;
    const id = String(request.headers["webhook-id"]);
    if (seen.has(id)) repeated++;
    seen.add(id);
    const [, receivedAt = ""] = /"receivedAt":"([^"]+)"/.exec(body) ?? [];
    lags.push(Date.now() - Date.parse(receivedAt));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

/** What arrived since the last report. */
export interface ReceiverReport {
  lags: number[];
  repeated: number;
}

process.on("message", () => {
  process.send?.({ lags, repeated } satisfies ReceiverReport);
  lags = [];
  repeated = 0;
});
process.on("disconnect", () => process.exit());
