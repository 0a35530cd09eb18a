import { describe, expect, it } from "vitest";
import { telekomScenarios } from "../../src/sandbox/telekom/index.ts";
import { createManualClock } from "./manual-clock.ts";
import { startReceiver } from "./setup.ts";
import { call, ok, startSandbox, summary, toScenario } from "./telekom-setup.ts";
import { at, textAt } from "./tikosms-client.ts";

interface OnTheWire {
  /** The status of the answer, or how the request ends without one. */
  answer: number | "held" | "reset";
  callbacks: string[];
}

const ends = (...words: string[]): OnTheWire => ({
  answer: 200,
  callbacks: words.map((word) => `${word} sms`),
});
const usual = ends("SENT", "DELIVERED");

const onTheWire: Record<string, OnTheWire> = {
  "000": usual,
  "001": ends("SENT", "UNDELIVERABLE"),
  "002": ends("SENT", "EXPIRED"),
  "003": ends("SENT", "DENIED"),
  "004": ends("SENT", "UNKNOWN"),
  "005": ends(),
  "006": usual,
  "007": ends("SENT", "SENT", "SENT", "DELIVERED", "DELIVERED", "DELIVERED"),
  "008": ends("DELIVERED", "SENT"),
  "009": { ...usual, answer: "held" },
  "010": { answer: 429, callbacks: [] },
  "011": { answer: 500, callbacks: [] },
  "012": { ...usual, answer: 500 },
  "014": ends(),
  "015": usual,
  "016": ends("SENT", "UNKNOWN", "DELIVERED"),
  "017": ends(),
  "018": ends(),
  "019": usual,
  "022": ends("SENT", "DELIVERED", "UNDELIVERABLE"),
  "023": { ...usual, answer: "reset" },
  "024": usual,
  "030": ends("ERROR", "SENDING", "SENT", "DELIVERED"),
  "031": ends("SENT", "DELIVERED", "READ"),
  "032": ends("DELETED"),
  "033": usual,
  "034": usual,
  "035": ends(),
  "036": usual,
  "037": { answer: 200, callbacks: [...usual.callbacks, "postback rcs"] },
  "038": { answer: 200, callbacks: [...usual.callbacks, "postback rcs"] },
  "567": usual,
};

describe("every scenario on the wire", () => {
  it("every scenario of Telekom is tested", () => {
    const suffixes = telekomScenarios.map(({ suffix }) => suffix);
    expect(Object.keys(onTheWire).filter((suffix) => suffix !== "567")).toEqual(suffixes.toSorted());
    expect(new Set(suffixes)).toHaveLength(suffixes.length);
  });

  describe.each(["json", "xml"] as const)("in %s", (format) => {
    it.each(Object.entries(onTheWire))(
      "the scenario %s of Telekom is played on the wire",
      async (suffix, expected) => {
        const callbacks = await startReceiver();
        const sandbox = await startSandbox({ callbackUrl: callbacks.url });
        const giveUp = new AbortController();
        const submitting = call(sandbox, "send_message", toScenario(suffix), {
          format,
          signal: giveUp.signal,
        }).then(
          ({ status }) => status,
          (error: Error) => (error.name === "AbortError" ? "held" : "reset"),
        );
        await callbacks.take(expected.callbacks.length);
        if (expected.answer === "held") giveUp.abort();
        expect(await submitting).toBe(expected.answer);

        // Everything posted for the first message comes before the last callback of a second one.
        await call(sandbox, "send_message", toScenario("000"));
        const all = await callbacks.take(expected.callbacks.length + 2);
        expect(all.map(summary)).toEqual([...expected.callbacks, ...usual.callbacks]);
      },
    );
  });
});

describe("the details of scenarios", () => {
  it("scenario 006 of Telekom answers the request only after its first callback was answered", async () => {
    const events: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const callbacks = await startReceiver(async () => {
      await released;
      events.push("callback answered");
      return 200;
    });
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    const submitting = call(sandbox, "send_message", toScenario("006")).then(() =>
      events.push("request answered"),
    );
    await callbacks.take(1);
    release();
    await submitting;
    expect(events.slice(0, 2)).toEqual(["callback answered", "request answered"]);
  });

  it("scenario 008 of Telekom shows look-ups the true order", async () => {
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    const { body } = await call(sandbox, "send_message", toScenario("008"));
    await callbacks.take(2);
    expect(await lookedUp(sandbox, body)).toMatchObject({ code: "DELIVERED" });
  });

  it("scenario 010 of Telekom accepts the second attempt, whatever other messages do in between", async () => {
    const sandbox = await startSandbox();
    const attempt = (text: string) => call(sandbox, "send_message", { ...toScenario("010"), text });
    expect(await attempt("one")).toMatchObject({
      status: 429,
      headers: { "retry-after": "1" },
      body: "Too many requests, please try again later.",
    });
    expect(await attempt("two")).toMatchObject({ status: 429 });
    expect(await attempt("one")).toMatchObject({ status: 200, body: { result: ok } });
    expect(await attempt("two")).toMatchObject({ status: 200, body: { result: ok } });
  });

  it.each([
    ["014", { result: ok, messages: [{ status: "error", code: "INCORRECT_RECIPIENT_ADDRESS" }] }],
    ["018", { result: { status: "error", code: "TEXT_NUMBER_NOT_ALLOWED" } }],
    ["019", expect.stringContaining("<html>")],
    ["034", { result: ok, message_count: 2, messages: [{ status: "success" }] }],
  ])("the scenario %s of Telekom answers with its own body", async (suffix, body) => {
    expect(await call(await startSandbox(), "send_message", toScenario(suffix))).toMatchObject({
      status: 200,
      body,
    });
  });

  it("scenario 015 of Telekom prints callbacks as the documentation does", async () => {
    const callbacks = await startReceiver();
    const clock = createManualClock("2025-10-02T08:31:39.825Z");
    const sandbox = await startSandbox({ clock, callbackUrl: callbacks.url });
    const { body } = await call(sandbox, "send_message", toScenario("015"));
    expect((await callbacks.take(2))[1]?.text).toBe(`{
  "delivery": {
    "status": "DELIVERED",
  },
  "messageId": ${String(at(body, "messages", 0, "message_id"))},
  "channel": "sms",
  "messageParts": 1,
  "type": "dsn",
  "timestamp": "2025-10-02T08:31:39.825Z"
}`);
  });

  it("scenario 024 of Telekom takes about ten seconds", async () => {
    const clock = createManualClock("2025-10-02T08:31:39Z");
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ clock, delays: {}, callbackUrl: callbacks.url });
    await call(sandbox, "send_message", toScenario("024"));
    const [sentInMs = 0] = await clock.pending(1);
    clock.advance(sentInMs);
    await callbacks.take(1);
    const [finalInMs = 0] = await clock.pending(1);
    expect(sentInMs + finalInMs).toBeGreaterThanOrEqual(8_000);
    expect(sentInMs + finalInMs).toBeLessThanOrEqual(12_000);
  });

  it("scenario 033 of Telekom ends the session of the first attempt only", async () => {
    const sandbox = await startSandbox();
    const open = async () => textAt((await call(sandbox, "auth")).body, "session_id");
    const [first, second] = [await open(), await open()];
    const send = (session_id: string) => call(sandbox, "send_message", { ...toScenario("033"), session_id });
    expect((await send(first)).body).toMatchObject({ result: { code: "SESSION_NOT_FOUND" } });
    expect((await call(sandbox, "ping", { session_id: first })).body).toMatchObject({
      result: { code: "SESSION_NOT_FOUND" },
    });
    expect((await send(second)).body).toMatchObject({ result: ok });
  });

  it("scenario 035 of Telekom is looked up in Slovak", async () => {
    const sandbox = await startSandbox();
    const { body } = await call(sandbox, "send_message", toScenario("035"));
    expect(await lookedUp(sandbox, body)).toMatchObject({ status: "Doručená", code: "DELIVERED" });
  });

  it("scenario 036 of Telekom has the id as text in callbacks", async () => {
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    const { body } = await call(sandbox, "send_message", toScenario("036"));
    const [first] = await callbacks.take(1);
    expect(JSON.parse(first?.text ?? "")).toMatchObject({
      messageId: String(at(body, "messages", 0, "message_id")),
    });
  });
});

/** What `check_message` says of the first message in an answer. */
async function lookedUp(sandbox: Parameters<typeof call>[0], sent: unknown): Promise<unknown> {
  const message_id = Number(at(sent, "messages", 0, "message_id"));
  return (await call(sandbox, "check_message", { message_id })).body;
}
