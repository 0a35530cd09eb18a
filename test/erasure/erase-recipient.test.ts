import { decodeId } from "../../src/lib/global-id.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { createCampaign } from "../support/campaigns.ts";
import { suppress } from "../support/suppressions.ts";

const number = "+421909777123";
const digits = number.slice(1);

let app: TestApp;
let closeSandbox: () => Promise<unknown>;
let inboundUrl: string;

beforeAll(async () => {
  app = await startTestApp();
  const { sandbox, providerId } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
  const { provider } = await app.client.data<{ provider: { callbackUrl: string } }>(
    "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
    { id: providerId },
  );
  inboundUrl = `${provider.callbackUrl}/inbound`;
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await closeSandbox();
});

/** Every table whose rows have a text in them. */
async function tablesWith(text: string): Promise<string[]> {
  const { pool } = app.services.database;
  const { rows } = await pool.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'graphile_worker')",
  );
  const found = await Promise.all(
    rows.map(async ({ name }) => {
      const { rowCount } = await pool.query(
        `select 1 from ${name} as t where strpos(t::text, $1) > 0 limit 1`,
        [text],
      );
      return (rowCount ?? 0) > 0 ? [name] : [];
    }),
  );
  return found.flat().toSorted();
}

const erase = (more = "") =>
  app.client.data<{ eraseRecipient: Record<string, number> }>(
    `mutation { eraseRecipient(number: "00${digits}"${more}) {
      ... on ErasedRecipient { messages cancelled callbacks refusedRecipients suppressions } ... on Error { code message }
    } }`,
  );

const send = (input: object) =>
  app.client.data<{ sendMessage: { id: string } }>(
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }",
    { input: { to: number, text: "SECRET text", ...input } },
  );

const post = (body: object) => fetch(inboundUrl, { method: "POST", body: JSON.stringify(body) });

const finals = async (): Promise<number> =>
  (
    await app.services.database.pool.query<{ count: number }>(
      "select count(*)::int from messages where status in ('DELIVERED', 'CANCELLED', 'RECEIVED')",
    )
  ).rows[0]?.count ?? 0;

it("everything of a person is gone from every table and the export, and counts and costs stay", async () => {
  await send({ idempotencyKey: `order of ${digits}` });
  const campaign = await createCampaign(app, {
    text: "SECRET text",
    recipients: [{ to: number }, { to: "+421909777000" }],
  });
  await expect.poll(finals).toBe(3);
  await send({ scheduledAt: new Date(Date.now() + 3_600_000) });
  await post({ id: "in", from: number, to: "smsgraph", text: "SECRET answer" });
  await post({ nonsense: digits });
  await suppress(app, number);
  await createCampaign(app, { text: "Hi", recipients: [{ to: number }, { to: "+421909777000" }] });
  await expect.poll(finals).toBe(5);
  expect(await tablesWith(digits)).toEqual([
    "public.callbacks",
    "public.idempotency_keys",
    "public.messages",
    "public.refused_recipients",
    "public.suppressions",
  ]);

  const { eraseRecipient } = await erase();
  expect(eraseRecipient).toEqual({
    messages: 4,
    cancelled: 1,
    callbacks: expect.any(Number) as number,
    refusedRecipients: 1,
    suppressions: 1,
  });
  expect(eraseRecipient["callbacks"]).toBeGreaterThan(3);
  expect(await tablesWith(digits)).toEqual([]);
  expect(await tablesWith("SECRET answer")).toEqual([]);
  const { campaign: after } = await app.client.data<{
    campaign: { counts: { delivered: number; total: number }; messagesCsvPath: string };
  }>("query ($id: ID!) { campaign(id: $id) { messagesCsvPath counts { delivered total } } }", {
    id: campaign.id,
  });
  expect(after.counts).toEqual({ delivered: 2, total: 2 });
  const csv = await (
    await fetch(`${app.url}${after.messagesCsvPath}`, { headers: app.client.headers })
  ).text();
  expect(csv).not.toContain(digits);
  expect(csv).toContain("421909777000");
  expect(app.log.join("\n")).not.toContain(digits);
});

it("a second erasure finds nothing, and a suppression can be kept so that the person is not texted again", async () => {
  expect((await erase()).eraseRecipient).toMatchObject({ messages: 0, callbacks: 0, suppressions: 0 });
  await suppress(app, number);
  await erase(", keepSuppressions: true");
  expect(await tablesWith(digits)).toEqual(["public.suppressions"]);
  const { sendMessage } = await send({});
  expect(sendMessage).toMatchObject({ message: expect.stringContaining("not to be texted") as string });
});

it("a receipt that comes after an erasure is applied, and nothing of the person is stored with it", async () => {
  const late = "+421909777200";
  const { sendMessage } = await send({ to: late });
  const { pool } = app.services.database;
  const id = decodeId("Message", sendMessage.id);
  await expect
    .poll(
      async () =>
        (await pool.query("select 1 from messages where id = $1 and status = 'DELIVERED'", [id])).rowCount,
    )
    .toBe(1);
  // As if the last report were still to come.
  const { rows } = await pool.query<{ providerMessageId: string }>(
    `update messages set status = 'SUBMITTED', listed_as = 'SUBMITTING' where id = $1
    returning provider_message_id as "providerMessageId"`,
    [id],
  );
  await app.client.data(
    `mutation { eraseRecipient(number: "${late}") { ... on ErasedRecipient { messages } } }`,
  );
  expect(await tablesWith(late.slice(1))).toEqual([]);
  const report = {
    message_id: rows[0]?.providerMessageId,
    client_ref: id,
    to: late,
    status: "DELIVRD",
    note: "SECRET late",
  };
  const response = await fetch(inboundUrl.replace(/\/inbound$/, ""), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ update: report }),
  });
  expect(response.status).toBe(200);
  await expect
    .poll(
      async () =>
        (await pool.query("select 1 from messages where id = $1 and status = 'DELIVERED'", [id])).rowCount,
    )
    .toBe(1);
  expect(await tablesWith(late.slice(1))).toEqual([]);
  expect(await tablesWith("SECRET late")).toEqual([]);
});

it("the client's references of a person's messages go with it, whatever form of the number they have", async () => {
  const person = "+421909777300";
  const clientRefs = ["0909 777 300", "909/777-300", "Eva Secretova", person];
  for (const clientRef of clientRefs) await send({ to: person, clientRef });
  const { sendMessage: other } = await send({ to: "+421909777000", clientRef: "order 7" });
  await app.client.data(
    `mutation { eraseRecipient(number: "${person}") { ... on ErasedRecipient { messages } } }`,
  );
  const { pool } = app.services.database;
  const { rows } = await pool.query<{ id: string; ref: string }>(
    "select id, client_ref as ref from messages where client_ref is not null",
  );
  expect(rows).toEqual([{ id: decodeId("Message", other.id), ref: "order 7" }]);
});
