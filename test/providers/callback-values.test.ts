import { readLenientJson } from "../../src/providers/wire/json.ts";
import { readXml } from "../../src/providers/wire/xml.ts";
import { describe, expect, it, onTestFinished } from "vitest";
import { excessOf, maxElements } from "../../src/providers/callback-bounds.ts";
import type { CallbackReading, Receipt } from "../../src/providers/provider.ts";
import { nonsenseIn, sensibleClient } from "../../src/providers/receipt-values.ts";
import { registry, type ProviderKind } from "../../src/providers/registry.ts";
import { writeXml } from "../../src/providers/wire/xml.ts";
import { createMemoryState } from "./memory-state.ts";

/** What a callback may say and how much of it, with every provider that posts some, in each of its formats. */

const baseUrl = "https://provider.example";
const settings: Record<ProviderKind, object> = {
  TIKOSMS: { baseUrl, apiToken: "token" },
  TONKRA: { baseUrl, apiToken: "token" },
  TELEKOM: { baseUrl, token: "t".repeat(64) },
  QIKLI: { baseUrl, username: "u", password: "p" },
};

function read(kind: ProviderKind, body: string, contentType?: string): CallbackReading {
  const provider = registry[kind].open(settings[kind], createMemoryState());
  onTestFinished(() => provider.close());
  return provider.parseCallback(body, contentType);
}

interface Said {
  id: string;
  status: string;
  time?: string;
  cost?: string | number;
  part?: number;
}

const qikliRow = ({ id, status, time, cost }: Said) => ({
  messageId: id,
  status: { groupId: 3, groupName: "DELIVERED", id: 5, name: status },
  ...(time !== undefined && { doneAt: time }),
  ...(cost !== undefined && { price: { pricePerMessage: cost, currency: "EUR" } }),
});

type Write = (said: Said[]) => string;

const forms: [name: string, kind: ProviderKind, write: Write, canSay: (keyof Said)[]][] = [
  [
    "TikoSMS",
    "TIKOSMS",
    (said) =>
      JSON.stringify(
        said.map(({ id, status, time, cost, part }) => ({
          update: { message_id: id, status, delivered_at: time, cost, part, total_parts: part },
        })),
      ),
    ["time", "cost", "part"],
  ],
  [
    "Telekom SK",
    "TELEKOM",
    (said) =>
      JSON.stringify(
        said.map(({ id, status, time }) => ({ messageId: id, delivery: { status }, timestamp: time })),
      ),
    ["time"],
  ],
  ["Qikli in JSON", "QIKLI", (said) => JSON.stringify({ results: said.map(qikliRow) }), ["time", "cost"]],
  [
    "Qikli in XML",
    "QIKLI",
    (said) => writeXml("reportResponse", { results: { result: said.map(qikliRow) } }),
    ["time", "cost"],
  ],
];

const good: Said = { id: "12345", status: "DELIVERED_TO_HANDSET", time: "2026-01-31 10:00:00" };

const nonsense: [what: string, said: Partial<Said>, words: RegExp][] = [
  ["a status word of 300 kB", { status: "X".repeat(300_000) }, /status of 300000 characters/],
  ["an id of 300 kB", { id: "1".repeat(300_000) }, /id of 300000 characters/],
  ["a negative cost", { cost: "-5" }, /cost/],
  ["a cost beyond all money", { cost: "1e99" }, /cost/],
  ["the year 9999", { time: "9999-12-31 23:59:59" }, /time 9999/],
  ["a time before there were messages", { time: "1971-06-01 00:00:00" }, /time 197/],
  ["more parts than a message has", { part: 32_767 }, /part 32767/],
];

describe.each(forms)("%s", (_, kind, write, canSay) => {
  const sayable = nonsense.filter(([, said]) =>
    Object.keys(said).every((key) => key === "status" || key === "id" || canSay.includes(key as keyof Said)),
  );

  it.each(sayable)(
    "a callback with %s is not understood, and what stands beside it is",
    (_what, said, words) => {
      expect(read(kind, write([good]))).toMatchObject({
        kind: "receipts",
        receipts: [{ providerMessageId: "12345" }],
      });
      const alone = read(kind, write([{ ...good, ...said }]));
      expect(alone).toEqual({ kind: "unreadable", reason: expect.stringMatching(words) });
      const beside = read(
        kind,
        write([
          { ...good, ...said },
          { ...good, id: "67890" },
        ]),
      );
      expect(beside).toMatchObject({
        kind: "receipts",
        receipts: [{ providerMessageId: "67890" }],
        problem: expect.stringMatching(words),
      });
    },
  );
});

const receipt: Receipt = {
  providerMessageId: "1",
  status: "SENT",
  providerStatus: "SENT",
  part: 1,
  parts: 1,
};

describe("a receipt makes sense", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  it.each<[string, Partial<Receipt>]>([
    ["that costs nothing", { cost: "0" }],
    ["that costs what one costs in a weak currency", { cost: "89500.5" }],
    ["of the last of 255 parts", { part: 255, parts: 255 }],
    ["by a clock in another zone", { occurredAt: new Date("2026-06-02T14:00:00Z") }],
    ["with a long reason", { failure: { code: "expired", text: "y".repeat(300), permanent: false } }],
  ])("a receipt makes sense: %s", (_, said) =>
    expect(nonsenseIn({ ...receipt, ...said }, now)).toBeUndefined(),
  );
});

const client = (receipts: Receipt[]) =>
  sensibleClient({
    submit: () => Promise.reject(new Error("not asked")),
    lookUp: () => Promise.resolve({ ok: true, value: receipts }),
    reconcile: () => Promise.resolve([{ kind: "found", providerMessageId: "1", receipts }]),
    check: () => Promise.reject(new Error("not asked")),
    balance: () => Promise.reject(new Error("not asked")),
    rates: () => Promise.reject(new Error("not asked")),
  });

it("an answer that makes no sense is not one, and does not take the place of what does", async () => {
  const absurd = { ...receipt, cost: "-5" };
  expect(await client([absurd, receipt]).lookUp([])).toEqual({ ok: true, value: [receipt] });
  expect(await client([absurd]).lookUp([])).toMatchObject({ ok: false, problem: { kind: "unreadable" } });
  expect(await client([]).lookUp([])).toEqual({ ok: true, value: [] });
  const found = await client([absurd, receipt]).reconcile([], {} as never);
  expect(found).toEqual([{ kind: "found", providerMessageId: "1", receipts: [receipt] }]);
});

describe("a body is refused before it is parsed", () => {
  const times = maxElements + 1;
  const bodies: [what: string, body: string][] = [
    ["of brackets", "[".repeat(times)],
    ["of pairs of brackets", "[]".repeat(times)],
    ["of tiny strings", `[${'"",'.repeat(times)}""]`],
    ["of numbers", `[${"1,".repeat(times)}1]`],
    ["of keys", `{${'"":1,'.repeat(times)}"":1}`],
    ["of escapes", `["${"\\n".repeat(times)}"]`],
    ["of words", "a ".repeat(times)],
    ["of anything", ";".repeat(times)],
    ["nested too deep", `${"[".repeat(51)}${"]".repeat(51)}`],
    ["of empty elements", `<r>${"<a/>".repeat(times)}</r>`],
    ["of elements never closed", "<a>".repeat(times)],
    ["of attributes", `<r ${'a="1" '.repeat(times)}/>`],
    ["of attributes without values", `<r ${"a ".repeat(times)}/>`],
    ["of entities", `<r>${"&amp;".repeat(times)}</r>`],
    ["of sections", `<r>${"<![CDATA[a]]>".repeat(times)}</r>`],
    ["of brackets in a section", `<r><![CDATA[${"]".repeat(times)}]]></r>`],
    ["of comments", `<r>${"<!---->".repeat(times)}</r>`],
    ["of nesting in XML", `${"<a>".repeat(51)}${"</a>".repeat(51)}`],
    ["of fields in a form", "a=b&".repeat(times)],
  ];

  it.each(bodies)("a body is refused before it is parsed: %s", (_, body) => {
    expect(excessOf(body)).toMatch(/more than/);
    for (const kind of ["TIKOSMS", "TONKRA", "TELEKOM", "QIKLI"] as const) {
      expect(read(kind, body)).toEqual({ kind: "malformed", reason: expect.stringMatching(/more than/) });
    }
  });

  it.each(bodies)("an answer with ten times the limit %s is not repaired and not read", (_, body) => {
    const answer = body.repeat(10);
    const reading = body.startsWith("<") ? readXml(`<r>${answer}</r>`) : readLenientJson(`{${answer}`);
    expect(reading).toBeUndefined();
  });

  it("the largest batch that a provider is known to push is not refused before it is parsed, in any form", () => {
    for (const [, kind, write] of forms) {
      const body = write(Array.from({ length: 1_000 }, (_, index) => ({ ...good, id: `${index}` })));
      expect(excessOf(body)).toBeUndefined();
      expect(read(kind, body)).toMatchObject({ kind: "receipts", receipts: { length: 1_000 } });
    }
  });
});
