import { once } from "node:events";
import { createServer, request, type ClientRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { InvalidInputError } from "../../src/lib/errors.ts";
import { receiveUpload, type Upload, type UploadLimits } from "../../src/http/upload.ts";
import { bodyOf, uploadOf, uploadType } from "../support/campaigns.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Reading {
  /** What became of the request before its file, or of the file. */
  outcome: Promise<unknown>;
  sending: ClientRequest;
  /** How much of the file was read. */
  bytes: () => number;
}

/** Begins to send `body` to a server that reads the upload in it, one piece for each call of `take`. */
async function start(
  body: Buffer,
  limits: UploadLimits,
  take: () => Promise<void> = async () => {},
): Promise<Reading> {
  const outcome = Promise.withResolvers<unknown>();
  let bytes = 0;
  const read = async (
    incoming: IncomingMessage,
    response: Parameters<typeof receiveUpload>[1],
  ): Promise<void> => {
    const operations = await receiveUpload(incoming, response, limits);
    const { file } = (operations["variables"] as { input: { file: Upload } }).input;
    for await (const chunk of file) {
      bytes += chunk.length;
      await take();
    }
  };
  const server = createServer((incoming, response) => {
    read(incoming, response)
      .then(outcome.resolve, outcome.reject)
      .finally(() => response.end());
  });
  outcome.promise.catch(() => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => new Promise((done) => server.close(done)));
  closers.push(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const sending = request({
    port,
    host: "127.0.0.1",
    method: "POST",
    headers: { "content-type": uploadType },
  });
  sending.on("error", () => undefined);
  closers.push(() => sending.destroy());
  sending.write(body);
  return { outcome: outcome.promise, sending, bytes: () => bytes };
}

const usual: UploadLimits = { fileBytes: 1 << 20, stallMs: 20_000 };
const part = (file: string): Buffer => bodyOf({ ...uploadOf({}, file), ends: false });

it("an upload ends when nothing arrives before the file", async () => {
  const { outcome } = await start(part("").subarray(0, 60), { ...usual, stallMs: 30 });
  await expect(outcome).rejects.toMatchObject({ extensions: { http: { status: 408 } } });
});

it("an upload ends when the file stops arriving", async () => {
  const { outcome, bytes } = await start(part("to\n"), { ...usual, stallMs: 30 });
  await expect(outcome).rejects.toThrow(/Nothing of the file came for 0.03 seconds/);
  expect(bytes()).toBeLessThanOrEqual(3);
});

it("an upload gives its reader as much time as it needs", async () => {
  const body = bodyOf(uploadOf({}, "x".repeat(200_000)));
  const { outcome, sending, bytes } = await start(body, { ...usual, stallMs: 40 }, () => later(60));
  sending.end();
  await outcome;
  expect(bytes()).toBe(200_000);
});

it("an upload ends at the largest size and not a byte before", async () => {
  const limits = { ...usual, fileBytes: 1 << 16 };
  const [largest, larger] = await Promise.all(
    [1 << 16, (1 << 16) + 1].map((bytes) => start(bodyOf(uploadOf({}, "x".repeat(bytes))), limits)),
  );
  largest?.sending.end();
  larger?.sending.end();
  await largest?.outcome;
  await expect(larger?.outcome).rejects.toThrow(/more than 65536 bytes/);
});

it("an upload is not received faster than it is read", async () => {
  const held = Promise.withResolvers<void>();
  const piece = Buffer.alloc(1 << 16, "x");
  const { sending, bytes, outcome } = await start(
    part("to\n"),
    { ...usual, fileBytes: 1 << 30 },
    () => held.promise,
  );
  let sent = 0;
  // Until the buffers of both sides and of the network between them are full, and nothing drains any more.
  for (let drains = true; drains;) {
    while (sending.write(piece)) sent += piece.length;
    drains = await Promise.race([once(sending, "drain").then(() => true), later(300).then(() => false)]);
  }
  expect(bytes()).toBeLessThanOrEqual(1 << 16);
  expect(sent).toBeLessThan(64 << 20);
  held.resolve();
  sending.end(`\r\n--${uploadType.split("boundary=")[1]}--\r\n`);
  await outcome;
  expect(bytes()).toBeGreaterThan(sent);
});

it.each([
  ["before its last boundary", part("to\n+421901000000\n")],
  ["in the middle of its file", part("x".repeat(300_000))],
])("an upload that ends %s is refused as one that broke off", async (_where, body) => {
  const { outcome, sending } = await start(body, usual);
  sending.end();
  const error: unknown = await outcome.catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({ field: "file", message: expect.stringMatching(/broke off.*Send it again/) });
});

it("an upload whose client goes in the middle of its file is refused as one that broke off", async () => {
  const taken = Promise.withResolvers<void>();
  const { outcome, sending } = await start(part("x".repeat(300_000)), usual, () => {
    taken.resolve();
    return Promise.resolve();
  });
  await taken.promise;
  sending.destroy();
  await expect(outcome).rejects.toBeInstanceOf(InvalidInputError);
});
