import { once } from "node:events";
import { createServer, request as open, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { limitBody } from "../../src/http/body-limits.ts";

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it("what has come of a refused body is not kept while the rest of it is still to come", async () => {
  const limits = { bytes: 1_000_000, values: 1_000, fields: 100 };
  const { promise: refused, resolve } = Promise.withResolvers<Readable>();
  server = createServer((request: IncomingMessage & { body?: Readable }, response) => {
    if (!limitBody(request, response, limits, undefined) || !request.body) return;
    const { body } = request;
    // As a reader collects it.
    body.on("data", () => undefined);
    body.once("error", () => {
      response.end("refused");
      resolve(body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const headers = { "content-type": "application/json", "content-length": 500_000 };
  const client = open({ port, method: "POST", headers }).on("error", () => undefined);
  client.write("[0".repeat(200_000).replaceAll("[", ","));
  const body = await refused;
  await once(client, "response");
  expect(body.listenerCount("data") + body.listenerCount("end")).toBe(0);
  client.destroy();
});
