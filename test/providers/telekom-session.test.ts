import { describe, expect, test } from "vitest";
import { readXml } from "../../src/providers/wire/xml.ts";
import type { Seen } from "./local-server.ts";
import { createMemoryState } from "./memory-state.ts";
import { type Answer, rejection, serveAnswers } from "./serve-answers.ts";
import {
  connect,
  fixture,
  formats,
  functionOf,
  inFormat,
  openClient,
  refusal,
  submission,
  success,
  token,
} from "./telekom-fixtures.ts";

const minute = 60_000;
const useSession = true;
const sent = { body: fixture("send_message.200.json") };
const lost = { body: fixture("send_message.error.json") };

interface Body {
  token?: string;
  session_id?: string;
}

const bodyOf = ({ body }: Seen): Body => JSON.parse(body);

/** `send_message s1`: the function and the credential of each request. */
const summary = (requests: readonly Seen[]): string[] =>
  requests.map(
    (seen) =>
      `${functionOf(seen)} ${bodyOf(seen).session_id ?? (bodyOf(seen).token === token ? "token" : "")}`,
  );

/** A Telekom SK whose sessions are `s1`, `s2`, ..., all of them alive but those in `dead`. */
function createVendor(answer: Answer = sent) {
  const dead = new Set<string>();
  let opened = 0;
  const answerTo = (seen: Seen): Answer => {
    if (functionOf(seen) === "auth") return success({ session_id: `s${++opened}` });
    if (dead.has(bodyOf(seen).session_id ?? "")) return lost;
    return functionOf(seen) === "ping" ? success() : answer;
  };
  return { dead, answerTo };
}

describe("a session", () => {
  test("a session is opened with the token once, and then used instead of it", async () => {
    const shared = createMemoryState();
    const { client, requests } = await connect(createVendor().answerTo, { useSession, shared });
    expect(await client.submit(submission)).toMatchObject({ kind: "accepted" });
    await client.submit(submission);
    expect(summary(requests)).toEqual(["auth token", "send_message s1", "send_message s1"]);
    expect(bodyOf(requests[0] ?? fail())).toEqual(
      JSON.parse(fixture("auth.request.json").replace(/\*+/, token)),
    );
    expect(bodyOf(requests[1] ?? fail())).not.toHaveProperty("token");
    expect(shared.value).not.toContain(token);
  });

  test.each(formats)(
    "a session is opened, pinged, lost and opened again as documented in %s",
    async (format) => {
      let calls = 0;
      const { client, requests } = await connect(
        (seen) => {
          if (functionOf(seen) === "ping") return { body: inFormat(format, "ping.200") };
          if (functionOf(seen) === "auth") return { body: inFormat(format, "auth.200") };
          return { body: inFormat(format, calls++ === 0 ? "send_message.error" : "send_message.200") };
        },
        { useSession, format },
      );
      expect(await client.check()).toMatchObject({ ok: true });
      expect(await client.submit(submission)).toEqual({ kind: "accepted", providerMessageId: "100427" });
      expect(requests.map(functionOf)).toEqual(["auth", "ping", "send_message", "auth", "send_message"]);
      const read = (body = ""): unknown => (format === "JSON" ? JSON.parse(body) : readXml(body)?.content);
      const printed = inFormat(format, "ping.request").replace(
        /92f8[\w-]+/,
        "a1da7970-5464-11e4-867e-9d647178712c",
      );
      expect(read(requests[1]?.body)).toEqual(read(printed));
    },
  );

  test("a session is opened once for all calls that wait for it", async () => {
    const shared = createMemoryState();
    const { client, requests } = await connect(createVendor().answerTo, { useSession, shared });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => client.submit(submission)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["accepted"]));
    expect(requests.filter((seen) => functionOf(seen) === "auth")).toHaveLength(1);
    expect(shared.renewals).toBe(1);
  });

  test("a session that is lost is replaced once for all, in several processes, and every call is repeated once", async () => {
    const vendor = createVendor();
    const { origin, requests } = await serveAnswers(vendor.answerTo);
    const shared = createMemoryState();
    const clients = Array.from({ length: 3 }, () => openClient(origin, { useSession, shared }));
    await Promise.all(clients.map((client) => client.submit(submission)));
    vendor.dead.add("s1");
    requests.length = 0;
    const many = Array.from({ length: 10 }, () => clients).flat();
    const outcomes = await Promise.all(many.map((client) => client.submit(submission)));
    expect(outcomes.every(({ kind }) => kind === "accepted")).toBe(true);
    const calls = summary(requests);
    expect(calls.filter((call) => call === "auth token")).toEqual(["auth token"]);
    expect(calls.filter((call) => call === "send_message s2")).toHaveLength(30);
    expect(calls.filter((call) => call === "send_message s1").length).toBeLessThanOrEqual(30);
    expect(shared.renewals).toBe(2);
  });

  test("a session that is lost twice in a row leaves the message to be tried again", async () => {
    const vendor = createVendor();
    for (const id of ["s1", "s2", "s3"]) vendor.dead.add(id);
    const { client, requests } = await connect(vendor.answerTo, { useSession });
    expect(await client.submit(submission)).toMatchObject({
      kind: "retryable",
      reason: expect.stringContaining("SESSION_NOT_FOUND"),
    });
    expect(summary(requests)).toEqual(["auth token", "send_message s1", "auth token", "send_message s2"]);
  });

  test("the lack of which is told by another code is replaced, too", async () => {
    const answers = [refusal("AUTHENTICATION_REQUIRED"), sent];
    const { client } = await connect(
      (seen) => (functionOf(seen) === "auth" ? success({ session_id: "s" }) : (answers.shift() ?? {})),
      { useSession },
    );
    expect(await client.submit(submission)).toMatchObject({ kind: "accepted" });
  });

  test("a session serves queries in the same way", async () => {
    const vendor = createVendor(success({ exists: true }));
    const { client, requests } = await connect(vendor.answerTo, { useSession });
    await client.lookUpNumber?.(submission.to);
    vendor.dead.add("s1");
    expect(await client.lookUpNumber?.(submission.to)).toMatchObject({ ok: true });
    vendor.dead.add("s2").add("s3");
    expect(await client.lookUpNumber?.(submission.to)).toMatchObject({
      problem: { kind: "unauthenticated" },
    });
    expect(summary(requests).slice(1, 4)).toEqual([
      "check_phone_number s1",
      "check_phone_number s1",
      "auth token",
    ]);
  });
});

describe("an idle session", () => {
  test("an idle session is pinged after 12 minutes, once for all calls that wait", async () => {
    let time = 0;
    const { client, requests } = await connect(createVendor().answerTo, { useSession, now: () => time });
    await client.submit(submission);
    time += 12 * minute - 1;
    await client.submit(submission);
    expect(summary(requests)).toEqual(["auth token", "send_message s1", "send_message s1"]);
    time += 12 * minute;
    await Promise.all([client.submit(submission), client.submit(submission)]);
    expect(summary(requests).slice(3)).toEqual(["ping s1", "send_message s1", "send_message s1"]);
  });

  test("an idle session that is gone is replaced before the message is written", async () => {
    let time = 0;
    const vendor = createVendor();
    const { client, requests } = await connect(vendor.answerTo, { useSession, now: () => time });
    await client.submit(submission);
    vendor.dead.add("s1");
    time += 16 * minute;
    expect(await client.submit(submission)).toMatchObject({ kind: "accepted" });
    expect(summary(requests).slice(2)).toEqual(["ping s1", "auth token", "send_message s2"]);
  });

  test("an idle session of another process is pinged, then used", async () => {
    const { origin, requests } = await serveAnswers(createVendor().answerTo);
    const shared = createMemoryState();
    await openClient(origin, { useSession, shared }).submit(submission);
    await openClient(origin, { useSession, shared }).submit(submission);
    expect(summary(requests)).toEqual(["auth token", "send_message s1", "ping s1", "send_message s1"]);
  });

  test("an idle session of another token is replaced", async () => {
    const { origin, requests } = await serveAnswers(createVendor().answerTo);
    const shared = createMemoryState("what another version left");
    await openClient(origin, { useSession, shared, token: "other" }).submit(submission);
    await openClient(origin, { useSession, shared }).submit(submission);
    expect(summary(requests)).toEqual(["auth ", "send_message s1", "auth token", "send_message s2"]);
  });
});

describe("without a session", () => {
  test.each<[string, Answer, object]>([
    ["a reset", (response) => response.socket?.resetAndDestroy(), { kind: "retryable" }],
    ["500", { status: 500 }, { kind: "retryable" }],
    ["an answer without one", success(), { kind: "retryable" }],
    ["an answer with a very long one", success({ session_id: "s".repeat(1_001) }), { kind: "retryable" }],
    ["HTML", { body: "<html>" }, { kind: "retryable" }],
    ["429", { status: 429, headers: { "retry-after": "5" } }, { kind: "retryable", retryAfterSeconds: 5 }],
    ["the address error", { body: fixture("auth.error.json") }, failed("provider_forbidden")],
    ["an unknown token", refusal("API_TOKEN_NOT_FOUND"), failed("provider_unauthenticated")],
    ["an unknown code", refusal("NEW"), failed("provider_refused")],
    ["401", { status: 401 }, failed("provider_unauthenticated")],
    ["a missing page", { status: 404, body: "<html>" }, failed("provider_misconfigured")],
  ])("nothing is sent without a session: %s", async (_name, answer, outcome) => {
    const { client, requests } = await connect(() => answer, { useSession });
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests.map(functionOf)).toEqual(["auth"]);
    expect(await client.check()).toMatchObject({ ok: false });
  });

  test("a refused authentication serves all calls that wait", async () => {
    const { client, requests } = await connect(() => refusal("IP_NOT_ALLOWED"), { useSession });
    await Promise.all(Array.from({ length: 20 }, () => client.submit(submission)));
    expect(requests).toHaveLength(1);
  });

  test.each<[string, Answer, object]>([
    ["is refused", { body: fixture("auth.error.json") }, failed("provider_forbidden")],
    ["is not answered", (response) => response.socket?.resetAndDestroy(), { kind: "retryable" }],
  ])("nothing is sent without a session where the ping %s", async (_name, answer, outcome) => {
    const { origin, requests } = await serveAnswers((seen) =>
      functionOf(seen) === "ping" ? answer : createVendor().answerTo(seen),
    );
    const shared = createMemoryState();
    await openClient(origin, { useSession, shared }).submit(submission);
    expect(await openClient(origin, { useSession, shared }).submit(submission)).toMatchObject(outcome);
    expect(summary(requests)).toEqual(["auth token", "send_message s1", "ping s1"]);
  });

  test("nothing is sent without a session that could be shared", async () => {
    const shared = { ...createMemoryState(), read: () => Promise.reject(new Error("database down")) };
    const { client, requests } = await connect(() => sent, { useSession, shared });
    expect(await client.submit(submission)).toMatchObject({ kind: "retryable" });
    expect(requests).toEqual([]);
  });
});

test("a check with the token alone opens a session and leaves it", async () => {
  const shared = createMemoryState();
  const { client, requests } = await connect(createVendor().answerTo, { shared });
  expect(await client.check()).toEqual({ ok: true, value: { detail: "the API key is accepted" } });
  expect(summary(requests)).toEqual(["auth token"]);
  expect(shared.value).toBeUndefined();
});

test("no reason repeats a session", async () => {
  const session = "a-secret-session";
  const { client } = await connect(
    (seen) =>
      functionOf(seen) === "auth" ? success({ session_id: session }) : refusal("X", `${session} ${token}`),
    { useSession },
  );
  const outcome = JSON.stringify(await client.submit(submission));
  expect(outcome).not.toContain(session);
  expect(outcome).not.toContain(token);
});

function failed(code: string): object {
  return rejection(expect.stringMatching(/\w/), "FAILED", code, false);
}

function fail(): never {
  throw new Error("no such request");
}
