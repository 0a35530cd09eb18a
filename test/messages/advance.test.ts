import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { advanceMessages } from "../../src/messages/advance.ts";
import { applyChanges } from "../../src/messages/transition.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
afterAll(() => store.close());

const receivedAt = new Date(acceptedAt.getTime() + 60_000);
const ids = { providerMessageId: "9B2E7F30-6F0B-4D7F-8E43-9D1D0B7C3A55", providerBatchId: " batch " };

/** What a message and its log look like, but for what tells one message from another. */
async function picture(id: string): Promise<unknown> {
  const { database } = store;
  const { rows: messages } = await database.pool.query<Record<string, unknown>>(
    "select * from messages where id = $1",
    [id],
  );
  const { rows: events } = await database.pool.query<Record<string, unknown>>(
    "select * from message_events where message_id = $1 order by id",
    [id],
  );
  // One look is planned for all that took a step together: as each would have had it.
  const { rows: checks } = await database.pool.query<Record<string, unknown>>(
    `select at, 0 as checks from message_checks where message_id = $1
     union all
     select at + interval '1 second' * spread * ('x' || right($1::text, 4))::bit(16)::int / 65536.0, 0
     from bulk_checks where $1::uuid = any (message_ids) and status = (select status from messages where id = $1)`,
    [id],
  );
  const own = new Set(["id", "tx", "message_id", "last_event_tx", "campaign_id"]);
  const common = (row: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !own.has(column)));
  return { messages: messages.map(common), events: events.map(common), checks };
}

/** Two messages that end in the same digits, by which the time of the first look differs. */
const twins = (): { one: string; other: string } => {
  const one = randomUUIDv7();
  return { one, other: randomUUIDv7().slice(0, -4) + one.slice(-4) };
};

it.each([
  ["without ids", {}],
  ["with a batch", { providerBatchId: ids.providerBatchId }],
  ["with both ids", ids],
  ["with an id that is too long", { providerMessageId: "x".repeat(300) }],
])("writes what applyChanges writes, %s", async (_name, given) => {
  const { database, providerId } = store;
  const { one, other } = twins();
  await store.store([{ id: one }, { id: other }]);
  const common = { providerId, kind: "TIKOSMS", receivedAt } as const;
  await database.transaction(async (transaction) => {
    await advanceMessages(transaction, { ...common, to: "SUBMITTING", messages: [{ id: one }] });
    await advanceMessages(transaction, { ...common, to: "SUBMITTED", messages: [{ id: one, ...given }] });
    const change = { messageId: other, source: "DISPATCH", receivedAt } as const;
    await applyChanges(transaction, [{ ...change, status: "SUBMITTING" }]);
    await applyChanges(transaction, [{ ...change, status: "SUBMITTED", ...given }]);
  });
  expect(await picture(one)).toEqual(await picture(other));
  expect(await store.fold(one)).toEqual(await store.row(one));
});

it("leaves alone what is elsewhere by now", async () => {
  const { database, providerId } = store;
  const [draft] = await store.store([{}]);
  const id = draft?.id ?? "";
  const before = await picture(id);
  const step = { to: "SUBMITTED", kind: "TIKOSMS", receivedAt, messages: [{ id }] } as const;
  expect(await advanceMessages(database, { ...step, providerId })).toEqual(new Set());
  const foreign = { ...step, to: "SUBMITTING", providerId: randomUUIDv7() } as const;
  expect(await advanceMessages(database, foreign)).toEqual(new Set());
  expect(await picture(id)).toEqual(before);
});

it("counts for campaigns", async () => {
  const { database, providerId, accountId } = store;
  const campaignId = randomUUIDv7();
  await database.prisma.campaign.create({
    data: {
      id: campaignId,
      accountId,
      name: "Test",
      status: "RUNNING",
      sender: "smsgraph",
      text: "Hello",
      createdAt: acceptedAt,
      updatedAt: acceptedAt,
    },
  });
  const drafts = await store.store([{}, {}, {}]);
  const messages = drafts.map(({ id }) => ({ id }));
  await database.pool.query("update messages set campaign_id = $1 where id = any ($2)", [
    campaignId,
    drafts.map(({ id }) => id),
  ]);
  await advanceMessages(database, { to: "SUBMITTING", providerId, kind: "TIKOSMS", receivedAt, messages });
  const tallies = await database.prisma.campaignTally.findMany({
    where: { campaignId },
    orderBy: { delta: "asc" },
  });
  expect(tallies.map(({ status, delta }) => [status, delta])).toEqual([
    ["QUEUED", -3],
    ["SUBMITTING", 3],
  ]);
});
