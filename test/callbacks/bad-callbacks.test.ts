import { randomUUID } from "node:crypto";
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

/** One good receipt, of a message that is not ours. */
const receipt = (): string =>
  update({ client_ref: randomUUID(), message_id: randomUUID(), status: "DELIVRD" });

const ofProvider = (id: string): string => url.replace(/[0-9a-f-]{36}/, id);

/** A good receipt to somewhere else. */
const postTo = (place: string): Promise<Answer> => post(place, receipt());

async function ask(init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

const utf16 = { "content-type": "application/json; charset=utf-16" };
const megabytes = Array.from({ length: 100 }, () => Buffer.alloc(100_000, "x"));

describe("what is not a callback of this provider is refused, counted, and changes nothing:", () => {
  it.each<[what: string, request: () => Promise<Answer>, status: number, result: string]>([
    ["an empty body", () => post(url, undefined), 400, "empty"],
    ["a body of white space", () => post(url, " \n"), 400, "malformed"],
    ["a body of NULs", () => post(url, "\0\0\0"), 400, "malformed"],
    ["ten megabytes", () => post(url, `"${"x".repeat(10_000_000)}"`), 413, "too_large"],
    ["ten megabytes, not announced", () => ask({ method: "POST", ...streamed(megabytes) }), 413, "too_large"],
    ["no JSON", () => post(url, "status=DELIVRD&id=5"), 400, "malformed"],
    ["JSON that ends early", () => post(url, receipt().slice(0, -1)), 400, "malformed"],
    ["JSON nested without end", () => post(url, "[".repeat(2_000_000)), 400, "malformed"],
    ["another charset", () => post(url, receipt(), utf16), 415, "not_text"],
    ["bytes that are no UTF-8", () => post(url, new Uint8Array([0x22, 0xff, 0xfe, 0x22])), 415, "not_text"],
    ["half a character", () => post(url, Buffer.from('{"update":"é').subarray(0, -1)), 415, "not_text"],
    ["an unknown provider", () => postTo(ofProvider(randomUUID())), 404, "unknown_provider"],
    ["a malformed provider id", () => postTo(ofProvider("1")), 404, "unknown_provider"],
    ["an id that is SQL", () => postTo(ofProvider("'or'1'='1")), 404, "unknown_provider"],
    ["no provider", () => postTo(new URL("/callbacks", url).href), 404, "unknown_provider"],
    ["a wrong secret", () => postTo(`${url.slice(0, -1)}!`), 403, "wrong_secret"],
    ["half a secret", () => postTo(url.slice(0, -5)), 403, "wrong_secret"],
    ["no secret", () => postTo(url.replace(/[^/]+$/, "")), 403, "wrong_secret"],
    ["GET", () => ask({}), 405, "wrong_method"],
  ])("%s", async (_, request, status, result) => {
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

  it("and a good one is taken afterwards", async () => {
    const id = await queueMessage(app);
    expect(await post(url, update({ client_ref: id, status: "DELIVRD" }))).toEqual({
      status: 200,
      text: "ok\n",
    });
  });
});
