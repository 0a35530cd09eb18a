import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listIn, listMessages, type ListOwner } from "../../../src/messages/log/message-lists.ts";
import { searchBy } from "../../../src/messages/log/message-search.ts";
import { messageStatuses, listsHolding, type MessageStatus } from "../../../src/messages/model/status.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
let owners: Record<ListOwner["kind"], ListOwner>;
/** Every message that all three owners have, newest first. */
let all: { id: string; status: MessageStatus }[];

/** A message for each status, three times over, and some of others. */
beforeAll(async () => {
  store = await openMessageStore();
  const { database, accountId, providerId } = store;
  const campaignId = await store.createCampaign();
  owners = {
    account: { kind: "account", id: accountId },
    campaign: { kind: "campaign", id: campaignId },
    provider: { kind: "provider", id: providerId },
  };
  const statuses = [...messageStatuses, ...messageStatuses, ...messageStatuses];
  const drafts = await store.store(
    statuses.map((status) => ({ scheduledAt: status === "SCHEDULED" ? acceptedAt : null })),
  );
  await database.pool.query("update messages set campaign_id = $1", [campaignId]);
  all = drafts.map(({ id }, place) => ({ id, status: statuses[place] ?? "QUEUED" }));
  const changes = all.flatMap(({ id: messageId, status }) =>
    status === "SCHEDULED" || status === "QUEUED"
      ? []
      : [{ messageId, status, source: "CALLBACK" as const, receivedAt: acceptedAt }],
  );
  await database.transaction((transaction) => applyChanges(transaction, changes));
  all.sort((one, other) => (one.id < other.id ? 1 : -1));
  const foreign = await database.prisma.account.create({ data: { id: randomUUIDv7(), name: "Other" } });
  await store.store([{ accountId: foreign.id, providerId: await store.createProvider(foreign.id) }]);
});
afterAll(() => store.close());

const idsIn = (statuses?: readonly MessageStatus[]): string[] =>
  all.filter(({ status }) => statuses?.includes(status) ?? true).map(({ id }) => id);

describe.each(["account", "campaign", "provider"] as const)("message lists of one %s", (kind) => {
  const list = (range: Partial<Parameters<typeof listMessages>[2]>) =>
    listMessages(store.database, owners[kind], { limit: 100, ascending: false, ...range });

  it("messages are listed in order, forwards and backwards", async () => {
    expect(await list({})).toEqual(idsIn());
    expect(await list({ ascending: true })).toEqual(idsIn().toReversed());
    expect(await list({ limit: 5 })).toEqual(idsIn().slice(0, 5));
    expect(await list({ limit: 5, ascending: true })).toEqual(idsIn().toReversed().slice(0, 5));
  });

  it.each(messageStatuses)("messages are listed by the status %s", async (status) => {
    expect(await list({ statuses: [status] })).toEqual(idsIn([status]));
  });

  it("messages are listed by several statuses at once, between two ids", async () => {
    const statuses = ["QUEUED", "SENT", "DELIVERED", "FAILED"] as const;
    const ids = idsIn(statuses);
    const [above = "", below = ""] = [ids.at(-2), ids[1]];
    expect(await list({ statuses })).toEqual(ids);
    expect(await list({ statuses, above, below })).toEqual(ids.slice(2, -2));
    expect(await list({ statuses: [] })).toEqual([]);
  });

  it("the list uses its own index, even when statistics say that it holds nearly everything", async () => {
    const client = await store.database.pool.connect();
    await client.query("analyze messages");
    // With so few rows the planner would read them all.
    await client.query("set enable_seqscan = off; set enable_bitmapscan = off");
    const { text } = listIn(kind, "desc");
    const { rows } = await client.query<{ "QUERY PLAN": string }>(`explain ${text}`, [
      owners[kind].id,
      ["FAILED"],
      ["FAILED"],
      "00000000-0000-0000-0000-000000000000",
      randomUUIDv7(),
      10,
      ...(kind === "campaign" ? [null] : []),
    ]);
    client.release(true);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toContain(`using messages_${kind}_id_listed_as_id_idx`);
    expect(plan.match(/Sort Key/g)).toHaveLength(1);
  });
});

it.each([
  ["providerMessageId", "messages_provider_id_provider_message_id_idx"],
  ["clientRef", "messages_account_id_client_ref_id_idx"],
  ["recipient", "messages_account_id_recipient_id_idx"],
] as const)("a search by %s uses %s", async (key, index) => {
  const client = await store.database.pool.connect();
  await client.query("set enable_seqscan = off; set enable_bitmapscan = off");
  const [accountId, id] = [store.accountId, randomUUIDv7()];
  const ends = ["00000000-0000-0000-0000-000000000000", id, 10];
  const { rows } = await client.query<{ "QUERY PLAN": string }>(`explain ${searchBy(key, "desc").text}`, [
    accountId,
    "one",
    ...ends,
    ...Array.from({ length: 6 }, () => null),
  ]);
  client.release(true);
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain(`using ${index}`);
});

it("each status is listed in the place that the database knows for it", async () => {
  const messages = await store.database.prisma.message.findMany();
  expect(messages.map(({ status, listedAs }) => listsHolding([status]).includes(listedAs))).not.toContain(
    false,
  );
  expect(listsHolding(["QUEUED"])).toEqual(["SUBMITTING"]);
  expect(listsHolding(["SENT", "SUBMITTED"])).toEqual(["SUBMITTING", "SENT"]);
  expect(listsHolding(["FAILED", "CANCELLED"])).toEqual(["FAILED", "CANCELLED"]);
});
