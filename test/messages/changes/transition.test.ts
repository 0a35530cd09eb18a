import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyReceipts } from "../../../src/messages/receipts/receipts.ts";
import type { StatusChange } from "../../../src/messages/model/status-change.ts";
import { ignoredReason, isFinal, messageStatuses } from "../../../src/messages/model/status.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";
import type { ReceivedReceipt } from "../../../src/messages/receipts/received-receipt.ts";
import type { LoggedEvent } from "../../../src/messages/log/logged-event.ts";

let store: MessageStore;

beforeAll(async () => {
  store = await openMessageStore();
});

afterAll(() => store.close());

async function newMessage(): Promise<string> {
  const [draft] = await store.store([{}]);
  if (!draft) throw new Error("nothing was stored");
  return draft.id;
}

const apply = (changes: readonly StatusChange[]) =>
  store.database.transaction((transaction) => applyChanges(transaction, changes));

type Said = Omit<StatusChange, "messageId">;

const moment = fc.nat(1_000_000).map((seconds) => new Date(acceptedAt.getTime() + seconds * 1000));
const cents = fc.nat(500).map((amount) => (amount / 100).toFixed(2));
const failure = fc.record({
  code: fc.constantFrom("absent_subscriber", "recipient_blocked"),
  text: fc
    .string({ unit: "grapheme", maxLength: 10 })
    .map((text) => text.replaceAll("\0", "").toWellFormed()),
  permanent: fc.boolean(),
});

/** Limits for slow machines: they try fewer cases, and shrink a failure no longer than this. */
const limits = { numRuns: 100, interruptAfterTimeLimit: 15_000 };

/** Any report about a message. */
const said: fc.Arbitrary<Said> = fc
  .record(
    {
      status: fc.constantFrom(...messageStatuses),
      source: fc.constantFrom("CALLBACK", "POLL", "RECONCILE", "DISPATCH"),
      receivedAt: moment,
      occurredAt: moment,
      providerStatus: fc.constantFrom("SENT", "DELIVRD", "WHATEVER"),
      providerMessageId: fc.constantFrom("m-1", "m-2"),
      providerBatchId: fc.constantFrom("b-1", "b-2"),
      part: fc.integer({ min: 1, max: 3 }),
      cost: cents,
      mccmnc: fc.constantFrom("23101", "255001"),
      failure,
      detail: fc.constant("Plain words."),
    },
    { requiredKeys: ["status", "source", "receivedAt", "part"] },
  )
  .chain((change) =>
    fc.constantFrom(1, 3).map((parts) => ({ ...change, parts, part: parts === 1 ? 1 : change.part })),
  );

const about = (messageId: string) => (change: Said) => ({ messageId, ...change });

/** What must hold for every log, however it was written. */
function checkLog(events: readonly LoggedEvent[]): void {
  expect(events[0]).toMatchObject({ version: 1, status: "QUEUED", applied: true });
  const path = events.filter(({ applied }) => applied).map(({ status }) => status);
  const steps = path.slice(1).map((status, index) => [path[index] ?? "QUEUED", status] as const);
  expect(steps.filter(([from, to]) => ignoredReason(from, to) !== undefined)).toEqual([]);
  const afterEnd = steps.filter(([from]) => isFinal(from)).map((step) => step.join(" "));
  expect([[], ["DELIVERED READ"]]).toContainEqual(afterEnd);
  let version = 0;
  const versions = events.map(({ applied }) => (version += Number(applied)));
  expect(events.map((event) => event.version)).toEqual(versions);
  expect(events.filter(({ applied, ignoredReason: reason }) => applied !== (reason === null))).toEqual([]);
}

/** Readers of the log see the events of a message in the order in which they were applied. */
function checkLogOrder(events: readonly LoggedEvent[]): void {
  const inLogOrder = events.toSorted((one, other) => Number(one.tx - other.tx) || Number(one.id - other.id));
  expect(inLogOrder.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
}

describe("any changes in any order", () => {
  test("a message never moves back, and its row equals what its log folds to", async () => {
    const property = fc.asyncProperty(fc.array(said, { maxLength: 15 }), async (changes) => {
      const messageId = await newMessage();
      for (const change of changes) await apply([{ messageId, ...change }]);
      checkLog(await store.timeline(messageId));
      expect(await store.fold(messageId)).toEqual(await store.row(messageId));
    });
    await fc.assert(property, { ...limits });
  });

  test("changes have the same result in one transaction as in several", async () => {
    const groups = fc.array(fc.array(said, { maxLength: 6 }), { maxLength: 4 });
    const property = fc.asyncProperty(groups, async (batches) => {
      const [alone, grouped, whole] = [await newMessage(), await newMessage(), await newMessage()];
      for (const change of batches.flat()) await apply([about(alone)(change)]);
      for (const batch of batches) await apply(batch.map(about(grouped)));
      await apply(batches.flat().map(about(whole)));
      const row = await store.row(whole);
      expect([await store.row(alone), await store.row(grouped)]).toEqual([row, row]);
      expect(await store.fold(whole)).toEqual(row);
      checkLog(await store.timeline(whole));
    });
    await fc.assert(property, { ...limits });
  });

  test("a repeated poll adds nothing to the timeline, a repeated callback does", async () => {
    const messageId = await newMessage();
    const sent = { messageId, status: "SENT", receivedAt: acceptedAt, cost: "0.1" } as const;
    await apply([
      { ...sent, source: "POLL" },
      { ...sent, source: "POLL" },
      { ...sent, source: "RECONCILE" },
    ]);
    expect(await store.timeline(messageId)).toHaveLength(2);
    await apply([{ ...sent, source: "CALLBACK" }]);
    expect((await store.timeline(messageId)).at(-1)).toMatchObject({
      applied: false,
      ignoredReason: "DUPLICATE",
    });
    await apply([{ ...sent, source: "POLL", mccmnc: "23101" }]);
    expect(await store.row(messageId)).toMatchObject({ version: 2, mccmnc: "23101", cost: "0.1" });
  });

  test("a change restricted to another status leaves no trace", async () => {
    const messageId = await newMessage();
    const change = { messageId, status: "CANCELLED", source: "API", receivedAt: acceptedAt } as const;
    expect(await apply([{ ...change, onlyFrom: ["SCHEDULED"] }])).toMatchObject([{ kind: "skipped" }]);
    expect(await store.timeline(messageId)).toHaveLength(1);
  });

  test("a change of a message that does not exist is skipped", async () => {
    const change = { messageId: crypto.randomUUID(), status: "SENT", source: "CALLBACK" } as const;
    expect(await apply([{ ...change, receivedAt: acceptedAt }])).toMatchObject([{ kind: "skipped" }]);
  });
});

/** A random source that repeats itself for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  return values
    .map((value) => ({ value, key: random() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ value }) => value);
}

const words = ["SUBMITTED", "SENT", "UNKNOWN", "DELIVERED", "UNDELIVERED"] as const;

describe("many transactions on the same messages at once", () => {
  test.each([1, 2, 3])(
    "concurrent changes keep every log in order, and it folds to its row (seed %i)",
    async (seed) => {
      const random = chance(seed);
      const ids = (await store.store(Array.from({ length: 12 }, () => ({})))).map(({ id }) => id);
      const pick = <Value>(values: readonly Value[]): Value =>
        values[Math.floor(random() * values.length)] as Value;
      const transactions = Array.from({ length: 80 }, () =>
        Array.from({ length: 1 + Math.floor(random() * 12) }, (): StatusChange => {
          const part = 1 + Math.floor(random() * 2);
          return {
            messageId: pick(ids),
            status: pick(words),
            source: "CALLBACK",
            receivedAt: acceptedAt,
            part,
            parts: 2,
            cost: "0.05",
          };
        }),
      );
      const results = await Promise.all(transactions.map(apply));
      const logged = await Promise.all(ids.map((id) => store.timeline(id)));
      for (const events of logged) {
        checkLog(events);
        checkLogOrder(events);
      }
      for (const id of ids) expect(await store.fold(id)).toEqual(await store.row(id));
      // Further repeats are only counted.
      const taken = results.flat().filter((outcome) => outcome.kind === "taken");
      const replays = taken.filter(({ isReplay }) => isReplay);
      expect(logged.flat()).toHaveLength(ids.length + transactions.flat().length - replays.length);
      const applied = taken.filter((outcome) => outcome.applied);
      expect(logged.flat().filter((event) => event.applied)).toHaveLength(ids.length + applied.length);
    },
  );

  test.each([4, 5])(
    "concurrent receipts leave every message in its right final status (seed %i)",
    async (seed) => {
      const random = chance(seed);
      const drafts = await store.store(Array.from({ length: 30 }, () => ({})));
      const receipts = drafts.flatMap(({ id }, index): ReceivedReceipt[] => {
        const final = index % 2 === 0 ? "DELIVERED" : "EXPIRED";
        return (["SUBMITTED", "SENT", "UNKNOWN", final, final] as const).map((status) => ({
          providerId: store.providerId,
          source: "CALLBACK",
          receivedAt: acceptedAt,
          receipt: { clientRef: id, status, providerStatus: status, part: 1, parts: 1 },
        }));
      });
      const mixed = shuffled(receipts, random);
      const batches = Array.from({ length: 30 }, (_, index) => mixed.slice(index * 5, index * 5 + 5));
      await Promise.all(
        batches.map((batch) =>
          store.database.transaction((transaction) => applyReceipts(transaction, batch)),
        ),
      );
      for (const [index, { id }] of drafts.entries()) {
        const events = await store.timeline(id);
        checkLog(events);
        checkLogOrder(events);
        expect(events).toHaveLength(6);
        const row = await store.row(id);
        expect(row.status).toBe(index % 2 === 0 ? "DELIVERED" : "EXPIRED");
        expect(await store.fold(id)).toEqual(row);
      }
    },
  );

  test("an older transaction that writes last comes last in the log", async () => {
    const [first, second] = [await newMessage(), await newMessage()];
    const change = { source: "CALLBACK", receivedAt: acceptedAt } as const;
    const locked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    // It takes its transaction number now, with the first message, and writes the second one late.
    const older = store.database.transaction(async (transaction) => {
      await applyChanges(transaction, [{ ...change, messageId: first, status: "SENT" }]);
      locked.resolve();
      await goOn.promise;
      await applyChanges(transaction, [{ ...change, messageId: second, status: "DELIVERED" }]);
    });
    await locked.promise;
    await apply([{ ...change, messageId: second, status: "SENT" }]);
    goOn.resolve();
    await older;
    const events = await store.timeline(second);
    expect(events.map(({ status }) => status)).toEqual(["QUEUED", "SENT", "DELIVERED"]);
    checkLogOrder(events);
    expect(await store.fold(second)).toEqual(await store.row(second));
  });
});
