import { execute, type Queryable, type Statement } from "../../database/database.ts";
import { storedFailureCode } from "../../providers/failure-codes.ts";
import { canonicalId } from "../../lib/uuid.ts";
import type { MessageStatus } from "../model/status.ts";
import type { StatusChange } from "../model/status-change.ts";
import { applyChanges, type Transition } from "../changes/transition.ts";
import type { ReceivedReceipt } from "./received-receipt.ts";

const park: Statement = {
  name: "park_receipts",
  text: `
    insert into parked_receipts (
      provider_id, provider_message_id, status, provider_status, source, occurred_at, received_at, part, parts,
      cost, cost_currency, mccmnc, failure_code, failure_text, failure_permanent
    )
    select * from json_to_recordset($1) as r (
      "providerId" uuid, "providerMessageId" text, status message_status, "providerStatus" text,
      source event_source, "occurredAt" timestamptz, "receivedAt" timestamptz, part smallint, parts smallint,
      cost numeric, "costCurrency" text, mccmnc text, "failureCode" text, "failureText" text, "failurePermanent" boolean
    )`,
};

/** Keeps receipts until their message is known. One without the provider's id could never be matched. */
export async function parkReceipts(
  transaction: Queryable,
  received: readonly ReceivedReceipt[],
): Promise<void> {
  const rows = received.flatMap(({ receipt: { failure, ...receipt }, ...from }) =>
    receipt.providerMessageId === undefined
      ? []
      : [
          {
            ...from,
            ...receipt,
            failureCode: failure?.code,
            failureText: failure?.text,
            failurePermanent: failure?.permanent,
          },
        ],
  );
  if (rows.length > 0) await execute(transaction, park, [JSON.stringify(rows)]);
}

interface ParkedRow {
  messageId: string;
  providerMessageId: string;
  status: MessageStatus;
  providerStatus: string;
  source: "CALLBACK" | "POLL" | "RECONCILE";
  occurredAt: Date | null;
  receivedAt: Date;
  part: number;
  parts: number;
  cost: string | null;
  costCurrency: string | null;
  mccmnc: string | null;
  failureCode: string | null;
  failureText: string | null;
  failurePermanent: boolean | null;
}

/** As for a receipt that need not wait: of several messages that have had the same provider id, the newest. */
const newestMessage = `
  lateral (
    select id from messages
    where provider_id = p.provider_id and provider_message_id = p.provider_message_id
    order by id desc
    limit 1
  ) as m`;

/** What is locked is being matched by someone else: waiting for it could become waiting for each other. */
const lockFree = "for no key update of p skip locked";

const take = `
  taken as (
    delete from parked_receipts as p
    using due
    where p.id = due.id
    returning p.id, due."messageId", p.provider_message_id as "providerMessageId", p.status,
      p.provider_status as "providerStatus", p.source, p.occurred_at as "occurredAt",
      p.received_at as "receivedAt", p.part, p.parts, p.cost, p.cost_currency as "costCurrency", p.mccmnc, p.failure_code as "failureCode",
      p.failure_text as "failureText", p.failure_permanent as "failurePermanent"
  )
  select * from taken order by id`;

const takeOf = (name: string, locking: string): Statement => ({
  name,
  text: `
    with due as (
      select p.id, m.id as "messageId"
      from unnest($1::uuid[], $2::text[]) as wanted (provider_id, provider_message_id)
      join parked_receipts as p using (provider_id, provider_message_id)
      cross join ${newestMessage}
      -- In one order, so that two transactions can never wait for each other.
      order by p.id
      ${locking}
    ), ${take}`,
});

const takeFreeOf = takeOf("take_free_parked_of", lockFree);
/** Whoever is matching them now comes first: parked receipts are locked before messages, here as in the sweep. */
const takeAllOf = takeOf("take_all_parked_of", "for no key update of p");

/** A message as the provider knows it. */
export interface ProviderReference {
  providerId: string;
  providerMessageId: string;
}

const toColumns = (references: readonly ProviderReference[]): [string[], string[]] => [
  references.map(({ providerId }) => providerId),
  references.map(({ providerMessageId }) => canonicalId(providerMessageId)),
];

/** Applies what was parked for messages whose provider id has just become known, in their own transaction. */
export async function matchParkedOf(
  transaction: Queryable,
  messages: readonly ProviderReference[],
): Promise<void> {
  await applyParked(transaction, await transaction.query<ParkedRow>(takeFreeOf, toColumns(messages)));
}

/** What is parked for messages that get a receipt now: it came first, and has to be applied first. */
export async function takeParkedBefore(
  transaction: Queryable,
  messages: readonly ProviderReference[],
): Promise<StatusChange[]> {
  if (messages.length === 0) return [];
  return (await transaction.query<ParkedRow>(takeAllOf, toColumns(messages))).map(toChange);
}

const takeAny: Statement = {
  name: "take_parked",
  text: `
    with due as (
      select p.id, m.id as "messageId"
      from parked_receipts as p
      cross join ${newestMessage}
      order by p.id
      limit 500
      ${lockFree}
    ), ${take}`,
};

const dropOld: Statement = {
  name: "drop_old_parked",
  text: "delete from parked_receipts where received_at < now() - interval '7 days'",
};

/**
 * Matches whatever two crossing transactions missed: a receipt parked while the submit response was being
 * stored. Those that found no message in a week belong to none.
 */
export async function sweepParked(transaction: Queryable): Promise<number> {
  await transaction.query(dropOld, []);
  const rows = await transaction.query<ParkedRow>(takeAny, []);
  await applyParked(transaction, rows);
  return rows.length;
}

async function applyParked(
  transaction: Queryable,
  rows: readonly ParkedRow[],
): Promise<(Transition | undefined)[]> {
  return applyChanges(transaction, rows.map(toChange));
}

function toChange(parked: ParkedRow): StatusChange {
  const { failureCode, failureText, failurePermanent, occurredAt, cost, costCurrency, mccmnc, ...row } =
    parked;
  return {
    ...row,
    occurredAt: occurredAt ?? undefined,
    cost: cost ?? undefined,
    costCurrency: costCurrency ?? undefined,
    mccmnc: mccmnc ?? undefined,
    ...(failureCode !== null && {
      failure: {
        code: storedFailureCode(failureCode),
        text: failureText ?? "",
        permanent: failurePermanent ?? false,
      },
    }),
  };
}
