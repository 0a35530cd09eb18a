import { assert, constantFrom, integer, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { isStorable } from "../../src/lib/storable.ts";
import type { CallbackReading, Receipt, ReportedStatus } from "../../src/providers/provider.ts";
import { open, type Subject } from "./contract-client.ts";
import { mutate, mutation } from "./contract-mutations.ts";
import { runs } from "../support/runs.ts";

const runCount = runs(400);

const contentTypes = constantFrom(
  undefined,
  "",
  "application/json",
  "application/xml",
  "text/html",
  "application/x-www-form-urlencoded",
);

/** How bodies that are posted to us are read. Whose they are only shows when they are. */
export function testCallbacks(subject: Subject): void {
  const { bodies = [], withStatus = () => [] } = subject.contract.callbacks ?? {};
  const reader = () => {
    const opened = open(subject, "http://127.0.0.1:9");
    return (body: string, type?: string) => opened.parseCallback(body, type);
  };

  test.each([...bodies])("a recorded callback is read: %s", (body) => {
    const reading = reader()(body);
    expect(reading).toMatchObject({ kind: "receipts" });
    expectSound(reading);
  });

  const words = ["TELEPORTED", "Quite Odd", "constructor", "__proto__", "DELIVERED?", "žltý"];
  test.each(bodies.length === 0 ? [] : words)("the unknown word %j is kept as it is", (word) => {
    const written = withStatus(word);
    expect(written).not.toEqual([]);
    for (const body of written) {
      const receipts = [{ status: "UNKNOWN", providerStatus: word }];
      expect(reader()(body)).toMatchObject({ kind: "receipts", receipts });
    }
  });

  test.each([
    "",
    " ",
    "{",
    "<",
    "[]]",
    '"',
    "null",
    "{}",
    "<a/>",
    "<a></b>",
    "OK",
    "<html><body>Hi</body></html>",
  ])("a body is not taken for a receipt: %j", (body) => {
    const reading = reader()(body);
    expect(reading).toEqual({
      kind: expect.stringMatching(/^(malformed|unreadable)$/),
      reason: expect.stringMatching(/\w/),
    });
  });

  const corpus = bodies.length > 0 ? bodies : [subject.variant.accepted];

  // What has neither beginning nor end, like a form, cannot show that it was cut.
  const bracketed = corpus.map((body) => body.trim()).filter((body) => /^[[{<]/.test(body));
  test("a recorded callback cut anywhere is no receipt", () => {
    const parse = reader();
    for (const body of bracketed) {
      for (let at = 0; at < body.length; at++) expect(parse(body.slice(0, at)).kind).not.toBe("receipts");
    }
  });

  test("no text breaks the reader of callbacks", () => {
    const parse = reader();
    const unit = integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    assert(
      property(string(), contentTypes, (body, type) => expectSound(parse(body, type))),
      runCount,
    );
    assert(
      property(string({ unit }), contentTypes, (body, type) => expectSound(parse(body, type))),
      runCount,
    );
  });

  test("no bytes break the reader of callbacks", () => {
    const parse = reader();
    const decoded = uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder().decode(bytes));
    assert(
      property(decoded, contentTypes, (body, type) => expectSound(parse(body, type))),
      runCount,
    );
  });

  test("no deformed recording breaks the reader of callbacks", () => {
    const parse = reader();
    assert(
      property(constantFrom(...corpus), mutation, mutation, mutation, contentTypes, (body, ...rest) => {
        const [first, second, third, type] = rest;
        // Most are still read after the first; hardly any after the last.
        for (const deformed of deform(body, [first, second, third])) expectSound(parse(deformed, type));
      }),
      runCount,
    );
  });
}

function deform(body: string, mutations: readonly Parameters<typeof mutate>[1][]): string[] {
  return mutations.map((_mutation, index) => mutations.slice(0, index + 1).reduce(mutate, body));
}

const statuses = new Set<ReportedStatus>([
  "SUBMITTED",
  "SENT",
  "DELIVERED",
  "READ",
  "UNDELIVERED",
  "EXPIRED",
  "REJECTED",
  "FAILED",
  "CANCELLED",
  "UNKNOWN",
]);

/** That whoever stores the reading need not look at it twice. */
function expectSound(reading: CallbackReading): void {
  if (reading.kind === "receipts") return reading.receipts.forEach(expectSoundReceipt);
  expect(["malformed", "unreadable"]).toContain(reading.kind);
  expect(reading.reason).toMatch(/\w/);
}

function expectSoundReceipt(receipt: Receipt): void {
  const { status, providerStatus, providerMessageId, providerBatchId, clientRef } = receipt;
  const { occurredAt, part, parts, cost, mccmnc, failure } = receipt;
  expect(statuses).toContain(status);
  expect(providerMessageId ?? providerBatchId ?? clientRef).toBeDefined();
  const texts = [providerStatus, providerMessageId, providerBatchId, clientRef, failure?.text];
  expect(texts.filter((text) => text !== undefined && (text.trim() === "" || !isStorable(text)))).toEqual([]);
  expect(occurredAt?.getTime()).not.toBeNaN();
  expect(Number.isSafeInteger(part) && Number.isSafeInteger(parts) && 1 <= part && part <= parts).toBe(true);
  expect(cost ?? "0").toMatch(/^-?\d+(\.\d+)?$/);
  expect(mccmnc ?? "23101").toMatch(/^\d{3,6}$/);
  expect(failure?.code ?? "none").toMatch(/^[a-z]+(_[a-z]+)*$/);
}
