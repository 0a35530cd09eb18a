import type { Client } from "pg";
import { newMessageId } from "../lib/uuid.ts";
import { lagClass } from "../messages/statistics/lag.ts";

/** The client reference of every message of the history. A second run recognises the first one by it. */
const historyRef = "demo history";

/** A connected sandbox. */
export interface DemoProvider {
  id: string;
  accountId: string;
  /** Euro per segment. */
  price: number;
}

/** Final statuses of past messages, with their share of a thousand. */
const endings = [
  { status: "DELIVERED", share: 938 },
  {
    status: "UNDELIVERED",
    share: 30,
    failure: "absent_subscriber",
    text: "The phone is off, or out of reach.",
  },
  { status: "EXPIRED", share: 14, failure: "expired", text: "It could not be delivered in time." },
  { status: "REJECTED", share: 8, failure: "rejected_by_carrier", text: "The carrier rejected the message." },
  { status: "FAILED", share: 5, failure: "failed", text: "The provider failed to send the message." },
  { status: "UNKNOWN", share: 5 },
] as const;

const texts = [
  "Your code is 482913. It is valid for ten minutes.",
  "Your parcel arrives tomorrow between 9:00 and 12:00.",
  "We look forward to seeing you on Tuesday at 14:30.",
  "Your table for four is reserved for 19:00.",
  "Thank you for your order. It is on its way.",
];

const countries = [
  { code: "SK", prefix: "+421901" },
  { code: "SK", prefix: "+421905" },
  { code: "CZ", prefix: "+420602" },
  { code: "DE", prefix: "+491512" },
];

const dayMs = 86_400_000;

export async function hasHistory(database: Client, accountId: string): Promise<boolean> {
  const { rowCount } = await database.query(
    "select 1 from messages where account_id = $1 and client_ref = $2 limit 1",
    [accountId, historyRef],
  );
  return rowCount !== 0;
}

/**
 * Writes one past day: settled messages with their timelines and attempts, and a balance of each provider.
 * `daysAgo`: 1 is yesterday.
 */
export async function writeDay(
  database: Client,
  providers: readonly DemoProvider[],
  { daysAgo, messages, now }: { daysAgo: number; messages: number; now: Date },
): Promise<void> {
  const midnight = Math.floor(now.getTime() / dayMs) * dayMs - daysAgo * dayMs;
  const rows = Array.from({ length: messages }, (_, index) => {
    // By day, so that the hours from 7 to 20 (UTC) are busy and the night is not.
    const createdAt = new Date(midnight + (7 + (13 * (index + 0.5)) / messages) * 3_600_000);
    return messageAt(createdAt, daysAgo * messages + index, providers);
  });
  await database.query(insertDay, [JSON.stringify(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)))]);
  const fetchedAt = new Date(midnight + dayMs / 2);
  for (const { id, price } of providers) {
    const spentSince = (daysAgo * messages * price) / providers.length;
    await database.query(insertBalance, [newMessageId(fetchedAt), id, spentSince, fetchedAt]);
  }
}

function messageAt(createdAt: Date, number: number, providers: readonly DemoProvider[]) {
  // Not random: the same number always gives the same message. The factors have no divisor in common with
  // 1000.
  const drawn = (number * 617 + 331) % 1_000;
  const provider = providers[(number * 7) % providers.length];
  const country = countries[(number * 3) % countries.length];
  if (!provider || !country) throw new Error("The history needs a provider");
  const after = (seconds: number): Date => new Date(createdAt.getTime() + seconds * 1_000);
  const ending = endingOf(drawn);
  const failure = "failure" in ending ? ending : undefined;
  return {
    id: newMessageId(createdAt),
    accountId: provider.accountId,
    providerId: provider.id,
    recipient: country.prefix + String((number * 7_919) % 1_000_000).padStart(6, "0"),
    country: country.code,
    text: texts[number % texts.length],
    createdAt,
    submittedAt: after(1),
    sentAt: after(2 + (drawn % 3)),
    endedAt: after(4 + (drawn % 40)),
    status: ending.status,
    failureCode: failure?.failure ?? null,
    failureText: failure?.text ?? null,
    price: provider.price,
    lag: lagClass(3_000 + (drawn % 40) * 1_000),
  };
}

function endingOf(drawn: number): (typeof endings)[number] {
  let sum = 0;
  return endings.find(({ share }) => drawn < (sum += share)) ?? endings[0];
}

const insertDay = `
  with day as (
    select * from json_to_recordset($1) as d (
      id uuid, "accountId" uuid, "providerId" uuid, recipient text, country text, text text, "createdAt" timestamptz,
      "submittedAt" timestamptz, "sentAt" timestamptz, "endedAt" timestamptz, status message_status,
      "failureCode" text, "failureText" text, price numeric, lag smallint
    )
  ), stored as (
    insert into messages (
      id, account_id, provider_id, recipient, sender, text, encoding, segments, country, client_ref, created_at,
      estimated_cost, estimated_currency, status, listed_as, version, last_event_tx, provider_message_id,
      failure_code, failure_text, failure_permanent, cost, cost_currency, submitted_at, sent_at, delivered_at, updated_at
    )
    select id, "accountId", "providerId", recipient, 'smsgraph', text, 'GSM7', 1, country, '${historyRef}', "createdAt",
      price, 'EUR', status, status, 5, pg_current_xact_id()::text::bigint, id::text,
      "failureCode", "failureText", case when "failureCode" is not null then false end, price, 'EUR', "submittedAt", "sentAt",
      case when status = 'DELIVERED' then "endedAt" end, "endedAt"
    from day
  ), attempted as (
    insert into attempts (message_id, number, provider_id, started_at, finished_at, outcome)
    select id, 1, "providerId", "createdAt", "submittedAt", 'accepted' from day
  ), moved as (
    insert into move_deltas (account_id, provider_id, country, minute, from_status, to_status, lag, count)
    select "accountId", "providerId", country, date_trunc('minute', step.at), step.before, step.status, step.lag, count(*)
    from day
    cross join lateral (values
      ('QUEUED'::message_status, 'QUEUED'::message_status, "createdAt", 0),
      ('QUEUED', 'SUBMITTING', "createdAt", 0),
      ('SUBMITTING', 'SUBMITTED', "submittedAt", 0),
      ('SUBMITTED', 'SENT', "sentAt", 0),
      ('SENT', day.status, "endedAt", case when day.status = 'UNKNOWN' then 0 else lag end)
    ) as step (before, status, at, lag)
    group by 1, 2, 3, 4, 5, 6, 7
  ), charged as (
    insert into charge_deltas (account_id, provider_id, country, minute, currency, amount)
    select "accountId", "providerId", country, date_trunc('minute', "endedAt"), 'EUR', sum(price)
    from day
    group by 1, 2, 3, 4
  )
  insert into message_events (
    tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at,
    failure_code, failure_text
  )
  select pg_current_xact_id()::text::bigint, "accountId", id, "providerId", step.version, step.status, step.source, true,
    step.at, step.at, case when step.version = 5 then "failureCode" end, case when step.version = 5 then "failureText" end
  from day
  cross join lateral (values
    (1, 'QUEUED'::message_status, 'API'::event_source, "createdAt"),
    (2, 'SUBMITTING', 'DISPATCH', "createdAt"),
    (3, 'SUBMITTED', 'DISPATCH', "submittedAt"),
    (4, 'SENT', 'CALLBACK', "sentAt"),
    (5, day.status, 'CALLBACK', "endedAt")
  ) as step (version, status, source, at)
  order by id, step.version`;

/** The newest balance and what has been spent since. */
const insertBalance = `
  insert into balances (id, account_id, provider_id, amount, currency, units, fetched_at)
  select $1, account_id, provider_id, amount + $3::numeric, currency, units + ceil($3::numeric), $4
  from balances
  where provider_id = $2
  order by fetched_at desc, id desc
  limit 1`;
