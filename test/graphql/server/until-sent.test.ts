import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { untilSentBy } from "../../../src/graphql/server/until-sent.ts";

const server = createServer();

beforeAll(() => once(server.listen(0, "127.0.0.1"), "listening"));
afterAll(() => server.close());

it("all operations of one answer leave when it was sent, by one listener", async () => {
  const { port } = server.address() as AddressInfo;
  const asked = get({ port, host: "127.0.0.1" });
  const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
  const before = response.listenerCount("close");
  const left: number[] = [];
  for (let operation = 0; operation < 30; operation++) untilSentBy(response)(() => left.push(operation));
  expect(response.listenerCount("close")).toBe(before + 1);
  expect(left).toEqual([]);

  response.end("sent");
  const [answer] = (await once(asked, "response")) as [NodeJS.ReadableStream];
  answer.resume();
  if (!response.closed) await once(response, "close");
  expect(left).toEqual(Array.from({ length: 30 }, (_, operation) => operation));
  untilSentBy(response)(() => left.push(30));
  expect(left).toHaveLength(31);
});
