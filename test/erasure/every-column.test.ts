import { afterAll, beforeAll, expect, test } from "vitest";
import { forgetOld } from "../../src/jobs/forget.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { newMessageId } from "../../src/lib/uuid.ts";
import { forgetOldMessages } from "../../src/messages/changes/forget-messages.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { connectProvider } from "../support/mutations.ts";

/** Columns that may have a number or a text of a person in them. A row of each is stored below. */
const ofPersons = {
  attempts: ["reason"],
  callbacks: ["body", "problem"],
  campaign_values: ["given"],
  compat_messages: ["callback_url", "details"],
  compat_reports: ["problem", "url"],
  duplicate_recipients: ["recipient"],
  idempotency_keys: ["key"],
  message_events: ["detail", "failure_text"],
  messages: ["client_ref", "failure_text", "recipient", "sender", "text"],
  parked_inbound: ["reading"],
  parked_receipts: ["failure_text"],
  refused_recipients: ["reason", "recipient"],
  suppressions: ["reason", "recipient", "sender"],
};

/** Why the other columns have nothing of a person in them. */
const others: Record<string, string | Record<string, string>> = {
  account_deletions: "the name of a step",
  accounts: "the account's own name and limits",
  api_keys: "the account's own keys",
  audit_log: "append-only: what is recorded names no recipient, and no text",
  balances: "a currency",
  bulk_attempts: "the name of a request",
  callbacks: { content_type: "a header" },
  campaign_costs: "a currency",
  campaign_estimates: "a currency",
  campaign_recipients: "becomes a message within seconds; an erasure waits for that",
  campaign_routes: "countries, and why a provider was chosen",
  campaigns: "what the account wrote for everyone, and the names of values",
  charge_deltas: "countries and currencies",
  charge_sums: "countries and currencies",
  compat_messages: { vendor_id: "an id", group_id: "an id" },
  compat_reports: { origin: "a host of the account" },
  deleted_account_totals: "countries and currencies",
  idempotency_keys: { fingerprint: "a hash" },
  message_events: {
    provider_status: "a word of the provider",
    provider_message_id: "an id",
    provider_batch_id: "an id",
    failure_code: "one of our codes",
    mccmnc: "a network",
    rerouted: "providers",
    cost_currency: "a currency",
  },
  messages: {
    country: "a country",
    cadence_group_id: "an id of the account",
    dlt_template_id: "an id of the account",
    estimated_currency: "a currency",
    route: "why a provider was chosen",
    provider_status: "a word of the provider",
    provider_message_id: "an id",
    provider_batch_id: "an id",
    failure_code: "one of our codes",
    mccmnc: "a network",
    cost_currency: "a currency",
    trace: "ids",
  },
  attempts: { outcome: "one of our words", claim: "the name of a request" },
  move_deltas: "countries",
  move_sums: "countries",
  opt_out_settings: "the account's own words",
  parked_inbound: { answers_id: "an id" },
  parked_receipts: {
    provider_message_id: "an id",
    provider_status: "a word of the provider",
    cost_currency: "a currency",
    mccmnc: "a network",
    failure_code: "one of our codes",
  },
  provider_states: "a session at a provider, sealed",
  providers: "the account's own connection, and what is wrong with it",
  rate_questions: "a network",
  rates: "networks, countries, currencies",
  refused_recipients: { code: "one of our codes" },
  repeated_recipients: "as campaign_recipients",
  routing_policies: "the account's own settings",
  sending_settings: "the account's own settings",
  spending: "countries and currencies",
  spending_limits: "the account's own settings",
  trusted_documents: "operations of clients",
  watch_tokens: "the type of what is watched",
  webhook_deliveries: "an id, and the status of an answer",
  webhooks: "the account's own endpoint",
};

const number = "+421909888123";
const digits = number.slice(1);
const oldMs = 100 * 86_400_000;

let app: TestApp;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = decodeId("Provider", await connectProvider(app.client, { defaultSender: "smsgraph" }));
});
afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await app.services.database.pool.query<Row>(text, values)).rows;

interface Column {
  table: string;
  column: string;
}

/** Every column that can hold a text, in any form. */
const columnsOfText = (): Promise<Column[]> =>
  query<Column>(`
    select c.table_name as table, c.column_name as column
    from information_schema.columns as c join information_schema.tables as t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name not like '\\_%'
      and (c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea') or c.udt_name = '_text')
    order by 1, 2`);

const isOfPersons = ({ table, column }: Column): boolean =>
  (ofPersons as Record<string, string[]>)[table]?.includes(column) ?? false;

/** Columns that have the number in them. */
async function columnsWithNumber(): Promise<string[]> {
  const found: string[] = [];
  for (const { table, column } of await columnsOfText()) {
    const rows = await query(`select 1 from only ${table} where strpos(${column}::text, $1) > 0 limit 1`, [
      digits,
    ]);
    if (rows.length > 0) found.push(`${table}.${column}`);
  }
  return found;
}

const all = Object.entries(ofPersons)
  .flatMap(([table, columns]) => columns.map((column) => `${table}.${column}`))
  .toSorted();

test("every column that can hold a text is either of persons or says why not", async () => {
  const columns = await columnsOfText();
  expect(columns.length).toBeGreaterThan(100);
  const unexplained = columns.filter((one) => {
    const reason = others[one.table];
    const explained = typeof reason === "string" || reason?.[one.column] !== undefined;
    return explained === isOfPersons(one);
  });
  expect(unexplained).toEqual([]);
});

/** A row with the number in each of those columns, as old as said. */
async function storeEverywhere(at: Date): Promise<void> {
  const [campaignId, out, back] = [newMessageId(at), newMessageId(at), newMessageId(at)];
  const secret = `about ${digits}`;
  const message = `insert into messages (id, account_id, provider_id, campaign_id, recipient, sender, text, client_ref, failure_text,
      encoding, segments, created_at, updated_at, status, listed_as, last_event_tx, provider_message_id)
    values ($1::uuid, $2, $3, $4, $5, $6, $7, $7, $7, 'GSM7', 1, $8, $8, $9, $9, 0, $1::uuid::text)`;
  await query(
    `insert into campaigns (id, account_id, name, status, sender, text, created_at, updated_at, imported_at, refused, duplicates_removed)
    values ($1, $2, 'Old', 'COMPLETED', 's', 'Hello', $3, $3, $3, 1, 1)`,
    [campaignId, app.accountId, at],
  );
  await query(message, [out, app.accountId, providerId, campaignId, number, "s", secret, at, "DELIVERED"]);
  await query(message, [back, app.accountId, providerId, null, "s", number, secret, at, "RECEIVED"]);
  const statements: [string, unknown[]][] = [
    [
      `insert into message_events (tx, account_id, message_id, version, status, source, applied, occurred_at, received_at, detail, failure_text)
      values (1, $1, $2, 1, 'DELIVERED', 'API', true, $3, $3, $4, $4)`,
      [app.accountId, out, at, secret],
    ],
    [
      `insert into attempts (message_id, number, provider_id, started_at, finished_at, outcome, reason)
      values ($1, 1, $2, $3, $3, 'accepted', $4)`,
      [out, providerId, at, secret],
    ],
    [
      `insert into compat_messages (message_id, account_id, api, vendor_id, callback_url, details)
      values ($1, $2, 'TIKOSMS', 'an id', $3, json_build_object('to', $3::text))`,
      [out, app.accountId, secret],
    ],
    [
      `insert into compat_reports (account_id, message_id, api, url, origin, status, problem, due_at, created_at, occurred_at)
      values ($1, $2, 'TIKOSMS', $3, 'o', 'DELIVERED', $3, now() + interval '1 hour', $4, $4)`,
      [app.accountId, out, secret, at],
    ],
    ["insert into campaign_values values ($1, $2, 1, array[$3::text])", [campaignId, out, secret]],
    ["insert into duplicate_recipients values ($1, 2, $2)", [campaignId, number]],
    [
      "insert into refused_recipients (campaign_id, position, recipient, code, reason) values ($1, 3, $2, 'INVALID_PHONE_NUMBER', $3)",
      [campaignId, number, secret],
    ],
    [
      "insert into idempotency_keys (account_id, key, fingerprint, message_id, created_at) values ($1, $2, 'x', $3, $4)",
      [app.accountId, secret, out, at],
    ],
    [
      `insert into callbacks (provider_id, received_at, body, source, state, problem) values ($1, $2, $3, 'CALLBACK', 'QUARANTINED', $3)`,
      [providerId, at, secret],
    ],
    [
      `insert into parked_receipts (provider_id, provider_message_id, status, provider_status, source, occurred_at, received_at, failure_text, part, parts)
      values ($1, 'nobody', 'FAILED', 'x', 'CALLBACK', $2, $2, $3, 1, 1)`,
      [providerId, at, secret],
    ],
    [
      `insert into parked_inbound (provider_id, answers_id, reading, source, received_at)
      values ($1, 'nobody', jsonb_build_object('text', $3::text), 'CALLBACK', $2)`,
      [providerId, at, secret],
    ],
    [
      `insert into suppressions (account_id, recipient, sender, reason, source, created_at) values ($1, $2, $3, $3, 'API', $4)`,
      [app.accountId, number, secret, at],
    ],
  ];
  for (const [text, values] of statements) await query(text, values);
  expect(await columnsWithNumber()).toEqual(all);
}

test("an erasure leaves the number in no column", async () => {
  await storeEverywhere(new Date());
  const erased = await app.client.data<{ eraseRecipient: { message?: string } }>(
    `mutation { eraseRecipient(number: "${number}") { ... on Error { message } } }`,
  );
  expect(erased.eraseRecipient.message).toBeUndefined();
  expect(await columnsWithNumber()).toEqual([]);
});

test("after TEXT_RETENTION_DAYS the number is in no column but the list of those that are not to be texted", async () => {
  await query("delete from compat_messages");
  await storeEverywhere(new Date(Date.now() - oldMs));
  const { database } = app.services;
  await forgetOld(database, { textDays: 30 });
  await forgetOldMessages(database, { textDays: 30 });
  // People who said no have to be known for as long as they are not to be texted.
  expect(await columnsWithNumber()).toEqual([
    "suppressions.reason",
    "suppressions.recipient",
    "suppressions.sender",
  ]);
});
