import { describe, expect, it } from "vitest";
import { qikliScenarios } from "../../src/sandbox/qikli/index.ts";
import { tikosmsScenarios } from "../../src/sandbox/tikosms/index.ts";
import { createManualClock } from "./manual-clock.ts";
import {
  callQikli,
  message,
  pushedWords,
  reportsPath,
  sendPath,
  startQikli,
  wordsOf,
} from "./qikli-client.ts";
import { startReceiver } from "./setup.ts";

interface OnTheWire {
  /** The verdict, or the status of an answer without any, or how the request ends without one. */
  answer: string | number;
  /** What is pushed, one request after the other. */
  pushed: (string | undefined)[][];
  /** What is left to pull. */
  queued?: string[];
}

const accepted = "MESSAGE_ACCEPTED";
const handset = "DELIVERED_TO_HANDSET";
const reports = (...words: string[]): OnTheWire => ({
  answer: accepted,
  pushed: words.map((word) => [word]),
});
const refused = (answer: string | number): OnTheWire => ({ answer, pushed: [] });
const ends = (answer: string | number): OnTheWire => ({ ...reports(handset), answer });

const onTheWire: Record<string, OnTheWire> = {
  "000": reports(handset),
  "001": reports("UNDELIVERABLE_NOT_DELIVERED"),
  "002": reports("EXPIRED_EXPIRED"),
  "003": reports("UNDELIVERABLE_REJECTED_OPERATOR"),
  "004": reports("HELD_SOMEWHERE"),
  "005": reports(),
  "006": reports(handset),
  "007": reports(handset, handset, handset),
  "008": reports(handset, "PENDING_ENROUTE"),
  "009": ends("held"),
  "010": refused(429),
  "011": refused(500),
  "012": ends(500),
  "013": refused("REJECTED_ROUTE_NOT_AVAILABLE"),
  "014": refused("REJECTED_PREFIX_MISSING"),
  "016": reports("HELD_SOMEWHERE", handset),
  "017": { ...reports(), queued: [handset] },
  "018": refused(200),
  "019": ends(200),
  "022": reports(handset, "UNDELIVERABLE_NOT_DELIVERED"),
  "023": ends("reset"),
  "024": reports(handset),
  "030": reports("DELIVERED_TO_OPERATOR", handset),
  "031": reports("DELIVERED_TO_OPERATOR"),
  "032": ends(accepted),
  "033": ends("PENDING_ACCEPTED"),
  "034": ends("PENDING_ENROUTE"),
  "035": reports("UNDELIVERABLE_NOT_DELIVERED"),
  "036": reports(handset),
  "037": reports(handset),
  "038": reports(handset),
  "039": { answer: accepted, pushed: [[undefined, handset]] },
  "040": { ...reports(handset), queued: [handset] },
  "042": ends(200),
  "043": reports("REJECTED_DUPLICATE_MESSAGE_ID", handset),
  "044": refused("REJECTED_NOT_ENOUGH_CREDITS"),
  "045": refused("REJECTED_FLOODING_FILTER"),
  "046": refused("REJECTED_SENDER"),
  "047": refused("REJECTED_SYSTEM_ERROR"),
  "048": refused(400),
  "049": refused(403),
  "050": reports("UNDELIVERABLE_NOT_DELIVERED"),
  "051": reports("UNDELIVERABLE_NOT_DELIVERED"),
  "567": reports(handset),
};

describe("every scenario on the wire", () => {
  it("every scenario of Qikli is tested, and means the same as elsewhere", () => {
    const suffixes = qikliScenarios.map(({ suffix }) => suffix);
    const tested = [...Object.keys(onTheWire).filter((suffix) => suffix !== "567"), "041"];
    expect(tested.toSorted()).toEqual(suffixes.toSorted());
    expect(new Set(suffixes)).toHaveLength(suffixes.length);
    const names = new Map(qikliScenarios.map(({ suffix, name }) => [suffix, name]));
    for (const { suffix, name } of tikosmsScenarios) expect([undefined, name]).toContain(names.get(suffix));
  });

  it.each(Object.entries(onTheWire))(
    "the scenario %s of Qikli is played on the wire",
    async (suffix, expected) => {
      const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
      const giveUp = new AbortController();
      const call = { body: message(suffix, callbacks), signal: giveUp.signal };
      const submitting = callQikli(sandbox, "POST", sendPath, call).then(
        ({ status, body }) => body?.messages?.[0]?.status.name ?? status,
        (problem: Error) => (problem.name === "AbortError" ? "held" : "reset"),
      );
      await callbacks.take(expected.pushed.length);
      if (expected.answer === "held") giveUp.abort();
      expect(await submitting).toBe(expected.answer);
      const queued = expected.queued ?? [];
      await expect.poll(() => pullWords(sandbox)).toEqual(queued);

      // Everything posted for the first message comes before the report of a second one.
      const second = message("000", callbacks, { destinations: [{ to: "421901000000" }] });
      await callQikli(sandbox, "POST", sendPath, { body: second });
      const all = await callbacks.take(expected.pushed.length + 1);
      expect(all.map(pushedWords)).toEqual([...expected.pushed, [handset]]);
    },
  );
});

async function pullWords(sandbox: Parameters<typeof callQikli>[0]) {
  return wordsOf((await callQikli(sandbox, "GET", reportsPath)).body.results);
}

describe("the details of scenarios", () => {
  it.each(["009", "012", "019", "023", "042"])(
    "a message of Qikli's scenario %s is a duplicate when it is sent again",
    async (suffix) => {
      const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
      const giveUp = new AbortController();
      const body = message(suffix, callbacks);
      const first = callQikli(sandbox, "POST", sendPath, { body, signal: giveUp.signal }).catch(() => {});
      await callbacks.take(1);
      giveUp.abort();
      await first;
      const again = await callQikli(sandbox, "POST", sendPath, { body });
      expect(wordsOf(again.body.messages)).toEqual(["REJECTED_DUPLICATE_MESSAGE_ID"]);
      expect(callbacks.received).toHaveLength(1);
    },
  );

  it("scenario 006 of Qikli answers the request only after its report was answered", async () => {
    const events: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const callbacks = await startReceiver(async () => {
      await released;
      events.push("report answered");
      return 200;
    });
    const sandbox = await startQikli();
    const submitting = callQikli(sandbox, "POST", sendPath, { body: message("006", callbacks) }).then(() =>
      events.push("request answered"),
    );
    await callbacks.take(1);
    release();
    await submitting;
    expect(events).toEqual(["report answered", "request answered"]);
  });

  it("scenario 010 of Qikli accepts the second attempt, whatever other messages do in between", async () => {
    const sandbox = await startQikli();
    const attempt = (messageId: string) => {
      const body = message("010", undefined, { destinations: [{ to: "421901000010", messageId }] });
      return callQikli(sandbox, "POST", sendPath, { body });
    };
    const first = await attempt("one");
    expect(first).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(first.body.requestError.serviceException.messageId).toBe("TOO_MANY_REQUESTS");
    expect(await attempt("two")).toMatchObject({ status: 429 });
    expect(wordsOf((await attempt("one")).body.messages)).toEqual([accepted]);
    expect(wordsOf((await attempt("two")).body.messages)).toEqual([accepted]);
  });

  it("scenarios 035 to 038 of Qikli have other forms", async () => {
    const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
    const rowOf = async (suffix: string) => {
      const before = callbacks.received.length;
      const { body } = await callQikli(sandbox, "POST", sendPath, { body: message(suffix, callbacks) });
      const [row] = JSON.parse((await callbacks.take(before + 1))[before]?.text ?? "").results;
      return { ...row, answeredBulkId: body.bulkId };
    };
    expect(await rowOf("035")).not.toHaveProperty("error");
    expect(await rowOf("036")).toMatchObject({ doneAt: expect.stringMatching(/\+00:00$/) });
    const sparse = await rowOf("037");
    for (const key of ["bulkId", "smsCount", "mccMnc"]) expect(sparse).not.toHaveProperty(key);
    expect(sparse.answeredBulkId).toBeUndefined();
    const xml = { "content-type": "application/xml", accept: "application/xml" };
    await callQikli(sandbox, "POST", sendPath, { body: message("038") });
    const { text } = await callQikli(sandbox, "GET", reportsPath, { headers: xml });
    expect(text.match(/<results>/g)).toHaveLength(2);
  });

  it("scenario 041 of Qikli loses its own report alone, and the logs still have it", async () => {
    const sandbox = await startQikli({ logs: true });
    for (const suffix of ["100", "041", "101"])
      await callQikli(sandbox, "POST", sendPath, { body: message(suffix) });
    expect(await pullWords(sandbox)).toEqual([handset]);
    await expect(pullWords(sandbox)).rejects.toThrow(/closed|reset|hang/i);
    expect(await pullWords(sandbox)).toEqual([handset]);
    const { body } = await callQikli(sandbox, "GET", "/sms/1/logs", { query: { messageId: "order-041" } });
    expect(wordsOf(body.results)).toEqual([handset]);
  });

  it("a report of scenario 008 of Qikli that comes late does not call the message back in the logs", async () => {
    const sandbox = await startQikli({ logs: true });
    await callQikli(sandbox, "POST", sendPath, { body: message("008") });
    expect(await pullWords(sandbox)).toEqual([handset, "PENDING_ENROUTE"]);
    const { body } = await callQikli(sandbox, "GET", "/sms/1/logs", { query: { messageId: "order-008" } });
    expect(wordsOf(body.results)).toEqual([handset]);
  });

  it("scenario 024 of Qikli takes about ten seconds", async () => {
    const clock = createManualClock("2015-02-12T08:58:20Z");
    const sandbox = await startQikli({ clock, delays: {} });
    await callQikli(sandbox, "POST", sendPath, { body: message("024") });
    const [waitMs = 0] = await clock.pending(1);
    expect(waitMs).toBeGreaterThanOrEqual(8_000);
    expect(waitMs).toBeLessThanOrEqual(12_000);
  });
});
