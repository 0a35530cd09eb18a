import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import type { MessageStatus } from "../../../src/messages/model/status.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider, nobody } from "../../support/mutations.ts";

let app: TestApp;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
});
afterAll(() => app.stop());

async function send(more = ""): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation { sendMessage(input: { to: "+421901000000", text: "Hello"${more} }) { ... on Message { id } ... on Error { message } } }`,
  );
  return sendMessage.id;
}

async function say(id: string, status: MessageStatus, providerMessageId?: string): Promise<void> {
  const change = {
    messageId: decodeId("Message", id),
    status,
    source: "CALLBACK",
    receivedAt: new Date(),
  } as const;
  await app.services.database.transaction((transaction) =>
    applyChanges(transaction, [{ ...change, providerMessageId }]),
  );
}

interface Result {
  __typename: string;
  id: string;
  code?: string;
  message?: string;
  handled?: number;
  hasMore?: boolean;
}

const result = `{ __typename ... on HandledMessages { handled hasMore } ... on Error { code message } }`;

const settle = async (
  id: string,
  as: string,
  reason = "The provider told us by telephone.",
): Promise<Result> =>
  (
    await app.client.data<{ settleMessage: Result }>(
      `mutation ($id: ID!, $as: Settlement!, $reason: String!) {
        settleMessage(id: $id, as: $as, reason: $reason) { __typename ... on Message { id } ... on Error { code message } } }`,
      { id, as, reason },
    )
  ).settleMessage;

const resend = async (id: string): Promise<Result> =>
  (
    await app.client.data<{ resendMessage: Result }>(
      `mutation ($id: ID!) { resendMessage(id: $id, reason: "It is urgent.") { __typename ... on Message { id } ... on Error { code message } } }`,
      { id },
    )
  ).resendMessage;

interface Told {
  status: string;
  failure: { code: string } | null;
  events: { edges: { node: { status: string; applied: boolean; detail: string | null } }[] };
}

const read = async (id: string): Promise<Told> =>
  (
    await app.client.data<{ message: Told }>(
      `query ($id: ID!) { message(id: $id) { status failure { code } events(first: 50) { edges { node { status applied detail } } } } }`,
      { id },
    )
  ).message;

it("a message whose outcome is unknown is settled by hand, and a later receipt changes nothing but the timeline", async () => {
  const id = await send();
  expect(await settle(id, "FAILED")).toMatchObject({
    __typename: "OutcomeNotOpenError",
    code: "OUTCOME_NOT_OPEN",
  });
  await say(id, "OUTCOME_UNKNOWN");
  expect(await settle(id, "FAILED", " ")).toMatchObject({ code: "INVALID_INPUT" });
  expect(await settle(id, "FAILED")).toMatchObject({ __typename: "Message", id });
  expect(await settle(id, "FAILED")).toMatchObject({ __typename: "Message", id });
  await say(id, "DELIVERED");
  const told = await read(id);
  expect(told).toMatchObject({ status: "FAILED", failure: { code: "settled_by_hand" } });
  const events = told.events.edges.map(({ node }) => node);
  expect(events).toContainEqual(expect.objectContaining({ status: "DELIVERED", applied: false }));
  expect(
    events.some(({ detail }) => detail?.includes('by the key "test"') && detail.includes("by telephone")),
  ).toBe(true);
  expect(await settle(nobody("Message"), "FAILED")).toMatchObject({ code: "NOT_FOUND" });
});

it("a receipt that comes before a settlement wins", async () => {
  const id = await send();
  await say(id, "OUTCOME_UNKNOWN");
  await say(id, "DELIVERED");
  expect(await settle(id, "FAILED")).toMatchObject({
    code: "OUTCOME_NOT_OPEN",
    message: expect.stringContaining("DELIVERED"),
  });
});

it("only a message that was given up is sent again, once however often it is asked for", async () => {
  const id = await send(', clientRef: "again"');
  await say(id, "OUTCOME_UNKNOWN");
  expect(await resend(id)).toMatchObject({
    code: "OUTCOME_NOT_OPEN",
    message: expect.stringContaining("given up"),
  });
  await settle(id, "UNKNOWN");
  const both = await Promise.all([resend(id), resend(id)]);
  const sent = both.filter(({ __typename }) => __typename === "Message");
  expect(new Set(sent.map((one) => one.id)).size).toBe(1);
  expect(sent[0]?.id).not.toBe(id);
  expect(await resend(id)).toMatchObject({ code: "OUTCOME_NOT_OPEN" });
  expect(await read(id)).toMatchObject({ status: "FAILED" });
  const copies = await app.services.database.prisma.message.findMany({ where: { clientRef: "again" } });
  expect(copies.map(({ status }) => status).toSorted()).toEqual(["FAILED", "QUEUED"]);
});

it("the open outcomes of a campaign are counted with their reasons, settled and sent again together", async () => {
  const { database } = app.services;
  const ids = await Promise.all([send(), send(), send()]);
  const { id: campaignId } = await database.prisma.campaign.create({
    data: {
      id: "0198a1b2-0000-7000-8000-00000000c0de",
      accountId: app.accountId,
      name: "Test",
      status: "COMPLETED",
      sender: "smsgraph",
      text: "Hello",
      createdAt: new Date(),
      updatedAt: new Date(),
      importedAt: new Date(),
    },
  });
  const local = ids.map((id) => decodeId("Message", id));
  await database.pool.query("update messages set campaign_id = $1 where id = any ($2)", [campaignId, local]);
  await database.pool.query(
    `insert into attempts (message_id, number, provider_id, started_at, finished_at, outcome, reason)
     select id, 1, $2, now(), now(), 'ambiguous', 'no answer in 30 s' from unnest($1::uuid[]) as i (id)`,
    [local, decodeId("Provider", providerId)],
  );
  for (const id of ids) await say(id, "OUTCOME_UNKNOWN");
  const id = encodeId("Campaign", campaignId);
  const outcomes = `campaign(id: "${id}") { openOutcomes { status reason count } }`;
  expect(await app.client.data(`{ ${outcomes} }`)).toEqual({
    campaign: { openOutcomes: [{ status: "OUTCOME_UNKNOWN", reason: "no answer in 30 s", count: 3 }] },
  });
  const all = `campaignId: "${id}", reason: "The provider lost its queue."`;
  expect(await app.client.data(`mutation { settleMessages(${all}, as: UNKNOWN) ${result} }`)).toMatchObject({
    settleMessages: { handled: 3, hasMore: false },
  });
  expect(await app.client.data(`{ attention { kind count advice targetId provider { id } } }`)).toMatchObject(
    {
      attention: [{ kind: "GIVEN_UP_MESSAGES", count: 3, targetId: null }],
    },
  );
  expect(await app.client.data(`mutation { resendMessages(${all}) ${result} }`)).toMatchObject({
    resendMessages: { handled: 3, hasMore: false },
  });
  expect(await app.client.data(`mutation { resendMessages(${all}) ${result} }`)).toMatchObject({
    resendMessages: { handled: 0 },
  });
  expect(
    await app.client.data(
      `mutation { settleMessages(campaignId: "${nobody("Campaign")}", as: FAILED, reason: "x") ${result} }`,
    ),
  ).toMatchObject({ settleMessages: { code: "NOT_FOUND" } });
});

it("a message is found by what a person has of it", async () => {
  const id = await send(', clientRef: "order 7"');
  await say(id, "SUBMITTED", "8D4E2A10-6F0B-4D7F-8E43-9D1D0B7C3A55");
  const find = async (filter: string): Promise<string[]> => {
    const { messages } = await app.client.data<{ messages: { edges: { node: { id: string } }[] } }>(
      `{ messages(filter: { ${filter} }) { edges { node { id } } } }`,
    );
    return messages.edges.map(({ node }) => node.id);
  };
  const provider = "8d4e2a10-6f0b-4d7f-8e43-9d1d0b7c3a55";
  for (const search of [id, decodeId("Message", id), "order 7", ` ${provider} `])
    expect(await find(`search: "${search}"`)).toEqual([id]);
  expect(await find(`search: "+421 901 000 000", status: [SUBMITTED]`)).toEqual([id]);
  expect(await find(`providerMessageId: "${provider}", clientRef: "order 7", to: "+421901000000"`)).toEqual([
    id,
  ]);
  expect(await find(`providerMessageId: "${provider}", clientRef: "order 8"`)).toEqual([]);
  expect(await find(`search: "order 7", providerId: "${providerId}"`)).toEqual([id]);
  expect(await find(`search: "order 7", providerId: "${nobody("Provider")}"`)).toEqual([]);
  const campaignId = encodeId("Campaign", "0198a1b2-0000-7000-8000-00000000c0de");
  expect(await find(`campaignId: "${campaignId}", providerId: "${providerId}"`)).toHaveLength(3);
  expect(await find(`campaignId: "${campaignId}", search: "order 7"`)).toEqual([]);
  const { errors } = await app.client.send(
    `{ messages(filter: { search: "x", clientRef: "y" }) { edges { cursor } } }`,
  );
  expect(errors?.[0]?.extensions?.code).toBe("INVALID_INPUT");
});

/** A message that was given up. */
async function lost(): Promise<string> {
  const id = await send();
  await say(id, "OUTCOME_UNKNOWN");
  await settle(id, "UNKNOWN");
  return id;
}

const sendWithKey = async (idempotencyKey: string, text = "Hello"): Promise<Result> =>
  (
    await app.client.data<{ sendMessage: Result }>(
      `mutation ($input: SendMessageInput!) {
        sendMessage(input: $input) { __typename ... on Message { id } ... on Error { code message } } }`,
      { input: { to: "+421901000000", text, idempotencyKey } },
    )
  ).sendMessage;

it.each(["resend ", "\u001Fresend "])(
  "a message is sent again whatever keys a client has given: %j and its id",
  async (name) => {
    const id = await lost();
    await sendWithKey(`${name}${decodeId("Message", id)}`, "Something else");
    expect(await resend(id)).toMatchObject({ __typename: "Message" });
  },
);

it("a client gives no key that begins as our own do", async () => {
  expect(await sendWithKey("\u001Fmine")).toMatchObject({
    code: "INVALID_INPUT",
    message: expect.stringContaining("U+001F"),
  });
});

it("what an earlier version sent again without settling it is not sent once more", async () => {
  const id = await lost();
  const [own, localId] = ["\u001Fresend ", decodeId("Message", id)];
  const first = await resend(id);
  expect(first).toMatchObject({ __typename: "Message" });
  const { pool } = app.services.database;
  await pool.query("update idempotency_keys set key = $2 where key = $1", [
    `${own}${localId}`,
    `resend ${localId}`,
  ]);
  await pool.query("update messages set status = 'UNKNOWN' where id = $1", [localId]);
  expect(await resend(id)).toEqual(first);
});
