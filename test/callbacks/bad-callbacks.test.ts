import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import {
  callbackUrlOf,
  countRows,
  post,
  queueMessage,
  readCounters,
  streamed,
  update,
  type Answer,
} from "../support/callbacks.ts";
import { leakIn } from "../support/leaks.ts";
import { connectProvider } from "../support/mutations.ts";

let app: TestApp;
let url: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  url = await callbackUrlOf(app, await connectProvider(app.client, { defaultSender: "smsgraph" }));
});

afterAll(() => app.stop());

/** A valid receipt of a message that is not ours. */
const receipt = (): string =>
  update({ client_ref: randomUUID(), message_id: randomUUID(), status: "DELIVRD" });

const ofProvider = (id: string): string => url.replace(/[0-9a-f-]{36}/, id);

/** Posts a valid receipt to another path. */
const postTo = (place: string): Promise<Answer> => post(place, receipt());

async function ask(init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

const gzipped = { "content-type": "application/json", "content-encoding": "gzip" };
const bomb = new Uint8Array(gzipSync(`"${"x".repeat(10_000_000)}"`));
const megabytes = Array.from({ length: 100 }, () => Buffer.alloc(100_000, "x"));

describe("a request that is not a callback of this provider", () => {
  it.each<[what: string, request: () => Promise<Answer>, status: number, result: string]>([
    ["an empty body", () => post(url, undefined), 400, "empty"],
    ["a body of white space", () => post(url, " \n"), 400, "malformed"],
    ["a body of NULs", () => post(url, "\0\0\0"), 400, "malformed"],
    ["ten megabytes", () => post(url, `"${"x".repeat(10_000_000)}"`), 413, "too_large"],
    ["ten megabytes, not announced", () => ask({ method: "POST", ...streamed(megabytes) }), 413, "too_large"],
    ["ten megabytes once it is decompressed", () => post(url, bomb, gzipped), 413, "too_large"],
    ["an unknown provider", () => postTo(ofProvider(randomUUID())), 404, "unknown_provider"],
    ["a malformed provider id", () => postTo(ofProvider("1")), 404, "unknown_provider"],
    ["an id that is SQL", () => postTo(ofProvider("'or'1'='1")), 404, "unknown_provider"],
    ["no provider", () => postTo(new URL("/callbacks", url).href), 404, "unknown_provider"],
    ["a wrong secret", () => postTo(`${url.slice(0, -1)}!`), 404, "wrong_secret"],
    ["half a secret", () => postTo(url.slice(0, -5)), 404, "wrong_secret"],
    ["no secret", () => postTo(url.replace(/[^/]+$/, "")), 404, "wrong_secret"],
    ["GET", () => ask({}), 405, "wrong_method"],
  ])("%s is refused as a callback, counted, and changes nothing", async (_, request, status, result) => {
    const provider = [404, 403, 405].includes(status) ? "none" : "TIKOSMS";
    const name = `smsgraph_callbacks_total{result="${result}",provider="${provider}"}`;
    const [before, counted] = [await countRows(app), await readCounters(app, "smsgraph_callbacks_total")];
    const answer = await request();
    expect(answer).toEqual({ status, text: expect.stringMatching(/^[A-Z][^\n]*\.\n$/) });
    expect(leakIn(answer)).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
    const after = await readCounters(app, "smsgraph_callbacks_total");
    expect(after).toEqual({ ...counted, [name]: (counted[name] ?? 0) + 1 });
  });

  it("a valid callback is accepted after refused ones", async () => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: id, status: "DELIVRD" }))).toEqual({
      status: 200,
      text: "ok\n",
    });
  });
});

describe("an unreadable callback body", () => {
  it.each([
    ["no JSON", "status=DELIVRD&id=5"],
    ["JSON that ends early", receipt().slice(0, -1)],
    ["JSON nested without end", "[".repeat(1_000_000)],
    ["half a character", Buffer.from('{"update":"é').subarray(0, -1)],
    ["a coding that nobody knows", Buffer.from([0x1f, 0x9d, 0x90, 0x7b])],
  ])("a callback body that cannot be read is refused and kept for inspection: %s", async (_, body) => {
    const answer = await post(url, typeof body === "string" ? body : new Uint8Array(body), {
      "content-type": "application/json",
    });
    expect(answer).toEqual({ status: 400, text: expect.stringMatching(/^The body cannot be read: .+\.\n$/) });
    const kept = await app.services.database.prisma.callback.findFirst({ orderBy: { id: "desc" } });
    expect(kept).toMatchObject({ state: "QUARANTINED", problem: expect.stringMatching(/\w{3}/) });
    expect(kept?.body.slice(0, 10)).toBe(Buffer.from(body).toString().slice(0, 10));
  });
});

describe("an unusual but readable receipt", () => {
  const note = { operator: "Telef\u00f3nica" };
  it.each<[string, (report: string) => Uint8Array<ArrayBuffer>, Record<string, string>]>([
    ["with a byte that is no UTF-8 in a field that nobody needs", (body) => bytesOf(body, "latin1"), {}],
    ["in a charset that is declared", (body) => bytesOf(body, "latin1"), { charset: "iso-8859-2" }],
    ["in UTF-16", (body) => bytesOf(body, "utf16le"), { charset: "utf-16" }],
    ["that says it is in UTF-16 and is not", (body) => bytesOf(body, "utf8"), { charset: "utf-16" }],
    ["that names a charset nobody knows", (body) => bytesOf(body, "latin1"), { charset: "x-own" }],
    ["compressed", (body) => new Uint8Array(gzipSync(body)), { "content-encoding": "gzip" }],
    ["compressed without a word", (body) => new Uint8Array(gzipSync(body)), {}],
    [
      "that says it is compressed and is not",
      (body) => bytesOf(body, "utf8"),
      { "content-encoding": "gzip" },
    ],
  ])("a receipt is accepted: %s", async (_, write, { charset, ...headers }) => {
    const id = await queueMessage(app);
    const type = `application/json${charset === undefined ? "" : `; charset=${charset}`}`;
    const body = write(update({ client_ref: id, status: "DELIVRD", ...note }));
    expect(await post(url, body, { "content-type": type, ...headers })).toEqual({
      status: 200,
      text: "ok\n",
    });
    const { prisma } = app.services.database;
    expect((await prisma.message.findUniqueOrThrow({ where: { id } })).status).toBe("DELIVERED");
  });
});

const bytesOf = (text: string, encoding: BufferEncoding): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, encoding));
