import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The least that a receipt costs over HTTP: reads a body, parses what it is told to, and answers. Tells where it listens. */
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    if (request.headers["content-type"] === "application/json") JSON.parse(body);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": 3 }).end("ok\n");
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
