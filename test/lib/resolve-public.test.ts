import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { resolverOf, type Resolve } from "../../src/lib/resolve-public.ts";

/** Answers `A` for names that begin with "quick" and says of those with "none" that there are none; others wait for ever. */
let server: Socket;
let resolve: Resolve;

beforeAll(async () => {
  server = createSocket("udp4").bind(0, "127.0.0.1");
  await once(server, "listening");
  server.on("message", (query, from) => {
    const name = query.toString("latin1", 13, 13 + (query[12] ?? 0));
    if (!/^(?:quick|none)/.test(name)) return;
    const end = query.indexOf(0, 12) + 5;
    const isFound = name.startsWith("quick") && query.readUInt16BE(end - 4) === 1;
    const head = Buffer.from([
      0,
      0,
      0x81,
      name.startsWith("none") ? 0x83 : 0x80,
      0,
      1,
      0,
      isFound ? 1 : 0,
      0,
      0,
      0,
      0,
    ]);
    query.copy(head, 0, 0, 2);
    const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 93, 184, 215, 14]);
    server.send(
      Buffer.concat([head, query.subarray(12, end), ...(isFound ? [address] : [])]),
      from.port,
      from.address,
    );
  });
  const { port } = server.address();
  resolve = resolverOf({ servers: [`127.0.0.1:${port}`], timeoutMs: 1_000 });
});

afterAll(() => void server.close());

const ask = (name: string, family?: number) =>
  new Promise((done) => {
    resolve(name, { all: true, ...(family !== undefined && { family }) }, (error, addresses) =>
      done(addresses ?? error?.code),
    );
  });

const found = [{ address: "93.184.215.14", family: 4 }];

it("names whose servers do not answer hold up no other", async () => {
  let answered = 0;
  const slow = Array.from({ length: 100 }, (_, index) =>
    ask(`slow${index}.example.org`).then(() => void answered++),
  );
  expect(await ask("quick.example.org")).toEqual(found);
  expect(answered).toBe(0);
  await Promise.all(slow);
});

it("a name without addresses is not found, of either family", async () => {
  expect(await ask("none.example.org")).toBe("ENOTFOUND");
  expect(await ask("quick.example.org", 6)).toBe("ENOTFOUND");
  expect(await ask("quick.example.org", 4)).toEqual(found);
});
