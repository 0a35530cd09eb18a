import { describe, expect, it } from "vitest";
import { tikosmsScenarios, type TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { createManualClock } from "./manual-clock.ts";
import { startReceiver, startSandbox, submission, summary } from "./setup.ts";
import { at, call, textAt, type Reply } from "./tikosms-client.ts";

/** Two parts, in UCS-2. */
const twoParts = "ž".repeat(80);

const creates = ["create SENT 1", "create SENT 2"];
const updates = (status: string) => [`update ${status} 1`, `update ${status} 2`];
const ends = (status: string) => ({
  answer: 200,
  callbacks: [...creates, ...updates(status)],
  parts: [status],
});

interface OnTheWire {
  /** The status of the answer, or how the request ends without one. */
  answer: number | "held" | "reset";
  callbacks: string[];
  /** What look-ups say of the parts in the end; one word when it is the same for both, none when not found. */
  parts: string[];
}

const onTheWire: Record<string, OnTheWire> = {
  "000": ends("DELIVRD"),
  "001": ends("UNDELIV"),
  "002": ends("EXPIRED"),
  "003": ends("REJECTD"),
  "004": ends("UNKNOWN"),
  "005": { answer: 200, callbacks: [], parts: ["SENT"] },
  "006": ends("DELIVRD"),
  "007": {
    ...ends("DELIVRD"),
    callbacks: [...creates, ...updates("DELIVRD")].flatMap((one) => [one, one, one]),
  },
  "008": { ...ends("DELIVRD"), callbacks: [...updates("DELIVRD"), ...creates] },
  "009": { ...ends("DELIVRD"), answer: "held" },
  "010": { answer: 429, callbacks: [], parts: [] },
  "011": { answer: 500, callbacks: [], parts: [] },
  "012": { ...ends("DELIVRD"), answer: 500 },
  "013": { answer: 403, callbacks: [], parts: [] },
  "014": { answer: 422, callbacks: [], parts: [] },
  "015": ends("DELIVRD"),
  "016": { ...ends("DELIVRD"), callbacks: [...creates, ...updates("UNKNOWN"), ...updates("DELIVRD")] },
  "017": { answer: 200, callbacks: [], parts: ["DELIVRD"] },
  "018": { answer: 200, callbacks: [], parts: [] },
  "019": ends("DELIVRD"),
  "020": {
    ...ends("DELIVRD"),
    callbacks: ["create SENT 2", "update DELIVRD 2", "create SENT 1", "update DELIVRD 1"],
  },
  "021": {
    answer: 200,
    callbacks: [...creates, "update DELIVRD 1", "update UNDELIV 2"],
    parts: ["DELIVRD", "UNDELIV"],
  },
  "022": { ...ends("UNDELIV"), callbacks: [...creates, ...updates("DELIVRD"), ...updates("UNDELIV")] },
  "023": { ...ends("DELIVRD"), answer: "reset" },
  "024": ends("DELIVRD"),
  "567": ends("DELIVRD"),
};

describe("every scenario on the wire", () => {
  it("every scenario of TikoSMS is tested", () => {
    const suffixes = tikosmsScenarios.map(({ suffix }) => suffix);
    expect(Object.keys(onTheWire).filter((suffix) => suffix !== "567")).toEqual(suffixes.toSorted());
    expect(new Set(suffixes)).toHaveLength(suffixes.length);
  });

  it.each(Object.entries(onTheWire))(
    "the scenario %s of TikoSMS is played on the wire",
    async (suffix, expected) => {
      const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
      const giveUp = new AbortController();
      const submitting = call(sandbox, "POST", "message", {
        body: submission(suffix, callbacks, twoParts),
        signal: giveUp.signal,
      }).then(
        ({ status }) => status,
        (error: Error) => (error.name === "AbortError" ? "held" : "reset"),
      );
      await callbacks.take(expected.callbacks.length);
      if (expected.answer === "held") giveUp.abort();
      expect(await submitting).toBe(expected.answer);
      expect(await lookedUp(sandbox)).toEqual(expected.parts);

      // Everything posted for the first message comes before the last callback of a second one.
      await call(sandbox, "POST", "message", { body: submission("000", callbacks) });
      const all = await callbacks.take(expected.callbacks.length + 2);
      expect(all.map(summary)).toEqual([...expected.callbacks, "create SENT 1", "update DELIVRD 1"]);
    },
  );
});

/** The words of the newest campaign's parts, once each. */
async function lookedUp(sandbox: TikosmsSandbox): Promise<unknown[]> {
  const campaigns = await call(sandbox, "GET", "get_messages");
  if (at(campaigns.body, "campaigns", 0) === undefined) return [];
  const query = { campaign_id: textAt(campaigns.body, "campaigns", 0, "campaign_id") };
  const { body } = await call(sandbox, "GET", "get_message", { query });
  return [...new Set([at(body, "data", 0, "status"), at(body, "data", 1, "status")])];
}

describe("the details of scenarios", () => {
  it("scenario 006 of TikoSMS answers the request only after its create callback was answered", async () => {
    const events: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const callbacks = await startReceiver(async () => {
      await released;
      events.push("callback answered");
      return 200;
    });
    const sandbox = await startSandbox();
    const body = submission("006", callbacks);
    const submitting = call(sandbox, "POST", "message", { body }).then((reply) => {
      events.push("request answered");
      return reply;
    });
    const [create] = await callbacks.take(1);
    release();
    const reply = await submitting;
    expect(events.slice(0, 2)).toEqual(["callback answered", "request answered"]);
    expect(at(JSON.parse(create?.text ?? ""), "create", "message_id")).toBe(at(reply.body, "message_id"));
  });

  it("scenario 009 of TikoSMS holds the socket until the sandbox closes", async () => {
    const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
    const submitting = call(sandbox, "POST", "message", { body: submission("009", callbacks, twoParts) });
    const outcome = submitting.then(
      () => "answered",
      () => "cut",
    );
    await callbacks.take(4);
    await sandbox.close();
    expect(await outcome).toBe("cut");
  });

  it("scenario 010 of TikoSMS accepts the second attempt, whatever other messages do in between", async () => {
    const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
    const attempt = (reference: string) => {
      const body = { ...submission("010", callbacks), client_ref: reference };
      return call(sandbox, "POST", "message", { body });
    };
    const first = await attempt("one");
    expect(first).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(first.body).toEqual({ message: "Too Many Attempts." });
    expect(await attempt("two")).toMatchObject({ status: 429 });
    expect(await attempt("one")).toMatchObject({ status: 200, body: { success: true } });
    expect(await attempt("two")).toMatchObject({ status: 200, body: { success: true } });
    expect(await callbacks.take(4)).toHaveLength(4);
  });

  const noRate = "No SMS rate is available for this destination for your account. Please contact sales team.";
  const unknownNumber =
    "Oops! We couldn't find this number in any country on Earth. Mind giving it another look?";
  it.each<[string, Partial<Reply>]>([
    ["011", { status: 500, body: { message: "Server Error" } }],
    ["013", { status: 403, body: { success: false, error: noRate } }],
    ["014", { status: 422, body: { success: false, error: unknownNumber } }],
    ["018", { status: 200, body: { success: false, error: expect.any(String) } }],
    ["019", { status: 200, body: expect.stringContaining("<html>") }],
  ])("the scenario %s of TikoSMS answers with its own body", async (suffix, expected) => {
    const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
    const reply = await call(sandbox, "POST", "message", { body: submission(suffix, callbacks) });
    expect(reply).toEqual({ ...expected, headers: expect.anything() });
  });

  it("scenario 015 of TikoSMS prints the create callback as the documentation does", async () => {
    const clock = createManualClock("2025-08-06T15:32:18Z");
    const [sandbox, callbacks] = [await startSandbox({ clock }), await startReceiver()];
    const body = submission("015", callbacks);
    const submitted = await call(sandbox, "POST", "message", { body });
    const [create, update] = await callbacks.take(2);
    expect(create?.text).toBe(`{
"create": {
"message_id": "${textAt(submitted.body, "message_id")}",
"from": "MySender",
"to": "421901000015",
"status": "SENT",
"sent_at": "2025-08-06 15:32:18"
"callback_url": "${callbacks.url}",
"client_ref": "order-015",
"mccmnc": "231001",
"cost": 0.05,
"part": 1,
"total_parts": 1,
}
}`);
    expect(at(JSON.parse(update?.text ?? ""), "update", "status")).toBe("DELIVRD");
  });

  it("scenario 017 of TikoSMS is known to look-ups only once its callbacks would have come", async () => {
    const clock = createManualClock("2025-08-06T15:32:18Z");
    const [sandbox, callbacks] = [await startSandbox({ clock, delays: {} }), await startReceiver()];
    await call(sandbox, "POST", "message", { body: submission("017", callbacks) });
    for (const status of ["SENT", "SENT", "DELIVRD"]) {
      expect(await lookedUp(sandbox)).toContain(status);
      if (status !== "DELIVRD") clock.advance((await clock.pending(1))[0] ?? 0);
    }
    expect(callbacks.received).toEqual([]);
  });

  it("scenario 024 of TikoSMS takes about ten seconds", async () => {
    const clock = createManualClock("2025-08-06T15:32:18Z");
    const [sandbox, callbacks] = [await startSandbox({ clock, delays: {} }), await startReceiver()];
    await call(sandbox, "POST", "message", { body: submission("024", callbacks) });
    const [createInMs = 0] = await clock.pending(1);
    clock.advance(createInMs);
    await callbacks.take(1);
    const [updateInMs = 0] = await clock.pending(1);
    expect(createInMs + updateInMs).toBeGreaterThanOrEqual(8_000);
    expect(createInMs + updateInMs).toBeLessThanOrEqual(12_000);
  });
});
