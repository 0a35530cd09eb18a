import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { eraseMessages } from "../../src/messages/changes/erase-messages.ts";
import { applyChanges } from "../../src/messages/changes/transition.ts";
import type { StatusChange } from "../../src/messages/model/status-change.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createCampaign } from "../support/campaigns.ts";
import { connectProvider } from "../support/mutations.ts";
import { startProviderDouble, type Plan, type ProviderDouble } from "../support/provider-double.ts";

let app: TestApp;
let double: ProviderDouble;
let providerId: string;
let digits: string;
let count = 0;

beforeAll(async () => {
  [app, double] = await Promise.all([startTestApp(), startProviderDouble()]);
  const { url: baseUrl, token: apiToken } = double;
  providerId = await connectProvider(app.client, { baseUrl, apiToken, defaultSender: "smsgraph" });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await double.close();
});

beforeEach(() => {
  digits = `42190555${String(1_000 + count++)}`;
});

const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await app.services.database.pool.query<Row>(text, values)).rows;

async function send(input: object = {}): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }",
    { input: { to: `+${digits}`, text: "Hello", providerId, ...input } },
  );
  return decodeId("Message", sendMessage.id);
}

const erase = (): Promise<unknown> =>
  app.client.data(
    `mutation { eraseRecipient(number: "+${digits}") { ... on ErasedRecipient { messages } ... on Error { message } } }`,
  );

const statusOf = async (id: string) =>
  (await query<{ status: string }>("select status from messages where id = $1", [id]))[0]?.status;

const detailsOf = async (id: string) =>
  (
    await query<{ detail: string | null }>(
      "select detail from message_events where message_id = $1 order by id",
      [id],
    )
  ).map(({ detail }) => detail);

const requestsFor = (reference: string) =>
  double.requests.filter((one) => one.reference === reference).length;

const isCancelled = "The recipient was erased, so there is nothing to send.";

/** Where a text is left of what is told of messages. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = ["messages", "message_events", "attempts", "bulk_attempts", "callbacks", "audit_log"];
  const found = await Promise.all(
    tables.map(async (table) => {
      const rows = await query(`select 1 from ${table} as t where strpos(t::text, $1) > 0 limit 1`, [text]);
      return rows.length > 0 ? [table] : [];
    }),
  );
  return found.flat();
}

/** Erases the person while the provider has the request, and lets the provider answer afterwards. */
async function eraseMeanwhile(plan: Plan, start: () => Promise<string>): Promise<string> {
  const answer = Promise.withResolvers<void>();
  let first = true;
  double.plan = ({ to }) => {
    if (!first || !to.endsWith(digits)) return {};
    first = false;
    return { before: answer.promise, ...plan };
  };
  const before = double.requests.length;
  const id = await start();
  await expect.poll(() => double.requests.length).toBeGreaterThan(before);
  await erase();
  answer.resolve();
  return id;
}

it("a refusal that is told after an erasure leaves none of the provider's words", async () => {
  const words = `The number ${digits} of Eva Secretova is on our list`;
  const id = await eraseMeanwhile({ outcome: "wrong number", words }, send);
  await expect.poll(() => statusOf(id)).toBe("REJECTED");
  expect(await tablesWith(digits)).toEqual([]);
  expect(await tablesWith("Secretova")).toEqual([]);
});

it("an erasure leaves none of the words of an earlier refusal, whatever form they have", async () => {
  double.plan = () => ({
    outcome: "wrong number",
    words: `Eva Secretova (0${digits.slice(3)}) is on our list`,
  });
  const id = await send();
  await expect.poll(() => statusOf(id)).toBe("REJECTED");
  expect(await tablesWith("Secretova")).not.toEqual([]);
  await erase();
  expect(await tablesWith("Secretova")).toEqual([]);
});

it("an erased message that its provider did not accept is cancelled instead of sent again", async () => {
  const id = await eraseMeanwhile({ outcome: "busy", words: `Too many for ${digits}` }, send);
  await expect.poll(() => statusOf(id)).toBe("CANCELLED");
  expect((await detailsOf(id)).at(-1)).toBe(isCancelled);
  expect(await tablesWith(digits)).toEqual([]);
  expect(await query("select 1 from graphile_worker.jobs where key = $1", [`dispatch ${id}`])).toEqual([]);
  expect(requestsFor(id)).toBe(1);
});

/** A campaign to the person and one other. */
const startCampaign = (text: string, input: object = {}): Promise<string> =>
  createCampaign(app, {
    text,
    providerId,
    recipients: [
      { to: `+${digits}`, values: { name: "Eva" } },
      { to: "+421905111222", values: { name: "Bea" } },
    ],
    ...input,
  }).then(({ id }) => id);

const countsOf = async (id: string) =>
  (
    await app.client.data<{ campaign: { status: string; counts: object } }>(
      "query ($id: ID!) { campaign(id: $id) { status counts { delivered cancelled total } } }",
      { id },
    )
  ).campaign;

it.each(["Hi {{name}}", "Hi all"])(
  "an erased message of a campaign with the text %j is cancelled and counted, and the others are sent",
  async (text) => {
    const id = await eraseMeanwhile({ outcome: "busy" }, () => startCampaign(text));
    await expect
      .poll(() => countsOf(id), { timeout: 30_000 })
      .toEqual({ status: "COMPLETED", counts: { delivered: 1, cancelled: 1, total: 2 } });
    expect(double.requests.filter(({ to }) => to.endsWith(digits))).toHaveLength(1);
  },
);

it("a message of a campaign without a recipient that still waits is cancelled and never sent", async () => {
  double.plan = () => ({});
  const id = await startCampaign("Hello", { scheduledAt: new Date(Date.now() + 4_000) });
  const blank = "update messages set text = '', recipient = '' where recipient = $1 returning id";
  await expect.poll(() => query(blank, [`+${digits}`])).toHaveLength(1);
  await expect
    .poll(() => countsOf(id), { timeout: 30_000 })
    .toEqual({ status: "COMPLETED", counts: { delivered: 1, cancelled: 1, total: 2 } });
});

it("what is told of an erased message by hand is settled without its reason", async () => {
  const id = await send({ scheduledAt: new Date(Date.now() + 3_600_000) });
  await query("update messages set status = 'UNKNOWN', listed_as = 'UNKNOWN' where id = $1", [id]);
  await erase();
  const { settleMessage } = await app.client.data<{ settleMessage: { __typename: string } }>(
    `mutation ($id: ID!) { settleMessage(id: $id, as: FAILED, reason: "Eva Secretova called") { __typename } }`,
    { id: encodeId("Message", id) },
  );
  expect(settleMessage.__typename).toBe("Message");
  expect(await statusOf(id)).toBe("FAILED");
  expect(await tablesWith("Secretova")).toEqual(["audit_log"]);
});

it("what waits is cancelled in the step that erases it", async () => {
  const id = await send({ scheduledAt: new Date(Date.now() + 3_600_000) });
  const { database } = app.services;
  expect(await eraseMessages(database, app.accountId, `+${digits}`, new Date())).toMatchObject({
    count: 1,
    cancelled: 1,
  });
  expect(await statusOf(id)).toBe("CANCELLED");
  expect((await detailsOf(id)).at(-1)).toBe(isCancelled);
});

const change = async (id: string, told: Omit<StatusChange, "messageId" | "receivedAt">): Promise<void> => {
  await app.services.database.transaction((transaction) =>
    applyChanges(transaction, [{ messageId: id, receivedAt: new Date(), ...told }]),
  );
};

it("an erased message that may have been sent is not said to be cancelled when it is not sent again", async () => {
  const id = await send({ scheduledAt: new Date(Date.now() + 3_600_000) });
  await change(id, { status: "SUBMITTING", source: "DISPATCH" });
  await erase();
  await change(id, { status: "QUEUED", source: "DISPATCH", statusOfErased: "OUTCOME_UNKNOWN" });
  expect(await statusOf(id)).toBe("OUTCOME_UNKNOWN");
});

it("a message without a recipient that still waits is cancelled and never sent", async () => {
  const id = await send({ scheduledAt: new Date(Date.now() + 1_500) });
  // As a version before this one could leave it.
  await query("update messages set text = '', recipient = '' where id = $1", [id]);
  await expect.poll(() => statusOf(id), { timeout: 30_000 }).toBe("CANCELLED");
  expect(requestsFor(id)).toBe(0);
});
