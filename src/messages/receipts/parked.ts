import { storedFailureCode } from "../../providers/failure-codes.ts";
import { columns } from "../../database/columns.ts";
import { shareOfProvider } from "../../database/provider-share.ts";
import { execute, type Database, type Queryable, type Statement } from "../../database/database.ts";
import { canonicalId } from "../../lib/uuid.ts";
import type { MessageStatus } from "../model/status.ts";
import type { StatusChange } from "../model/status-change.ts";
import { applyChanges, type ChangeOutcome } from "../changes/transition.ts";
import { noteReceipt } from "./receipt-spans.ts";
import type { ReceivedReceipt } from "./received-receipt.ts";

/** A receipt as it is stored. */
const kept = columns({
  providerMessageId: "text",
  status: "message_status",
  providerStatus: "text",
  source: "event_source",
  occurredAt: "timestamptz",
  receivedAt: "timestamptz",
  part: "smallint",
  parts: "smallint",
  cost: "numeric",
  costCurrency: "text",
  mccmnc: "text",
  failureCode: "text",
  failureText: "text",
  failurePermanent: "boolean",
} satisfies Record<Exclude<keyof ParkedRow, "messageId">, string>);

const park: Statement = {
  name: "park_receipts",
  text: `
    insert into parked_receipts (provider_id, ${kept.names})
    select "providerId", ${kept.selected}
    from json_to_recordset($1) as r ("providerId" uuid, ${kept.record})
    -- Its account may have been deleted meanwhile, and nobody would delete this.
    where exists (select from providers where id = r."providerId")`,
};

/**
 * The most parked receipts of one provider, of an account with few. More would belong to messages that never existed, posted by
 * someone who has its callback URL.
 */
export const maxParkedOfProvider = 50_000;

const readRoom: Statement = {
  name: "read_room_for_parked",
  text: `
    select w.id as "providerId", greatest(0, ${shareOfProvider(maxParkedOfProvider, "w.id")} - p.number)::int as room
    from unnest($1::uuid[]) as w (id)
    cross join lateral (
      select count(*)::int as number
      from (select from parked_receipts where provider_id = w.id limit ${maxParkedOfProvider}) as counted
    ) as p`,
};

/**
 * Parks receipts until their message is known, and returns those that it keeps. A receipt without the
 * provider's id could never be matched, and a provider may have only so many.
 */
export async function parkReceipts(
  transaction: Queryable,
  received: readonly ReceivedReceipt[],
): Promise<ReadonlySet<ReceivedReceipt>> {
  const matchable = received.filter(({ receipt }) => receipt.providerMessageId !== undefined);
  if (matchable.length === 0) return new Set();
  const providers = [...new Set(matchable.map(({ providerId }) => providerId))];
  const rooms = await transaction.query<{ providerId: string; room: number }>(readRoom, [providers]);
  const parked = rooms.flatMap(({ providerId, room }) =>
    matchable.filter((one) => one.providerId === providerId).slice(0, room),
  );
  const isKept = new Set(parked);
  const rows = matchable.filter((one) => isKept.has(one)).map(toRow);
  if (rows.length > 0) await execute(transaction, park, [JSON.stringify(rows)]);
  return isKept;
}

const toRow = ({ receipt: { failure, ...receipt }, ...from }: ReceivedReceipt): object => ({
  ...from,
  ...receipt,
  failureCode: failure?.code,
  failureText: failure?.text,
  failurePermanent: failure?.permanent,
});

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

/**
 * As for a receipt that is not parked: of several messages that have had the same provider id, the newest.
 */
const newestMessage = `
  lateral (
    select id from messages
    where provider_id = p.provider_id and provider_message_id = p.provider_message_id
    order by id desc
    limit 1
  ) as m`;

/** More of a message than this belong to none: they wait for the sweep. */
const takenAtOnce = 2_000;

/** Rows that are locked are being matched by another transaction: waiting could end in a deadlock. */
const lockFree = "for no key update of p skip locked";

const take = `
  taken as (
    delete from parked_receipts as p
    using due
    where p.id = due.id
    returning p.id, due."messageId", ${kept.readFrom("p")}
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
      -- In the order of the ids, so that two transactions never wait for each other.
      order by p.id
      limit ${takenAtOnce}
      ${locking}
    ), ${take}`,
});

const takeFreeOf = takeOf("take_free_parked_of", lockFree);
/**
 * Waits for transactions that are matching them now. Parked receipts are locked before messages, here as in
 * the sweep.
 */
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

/**
 * Applies the receipts that were parked for messages whose provider id has just become known, in the same
 * transaction. Returns their number.
 */
export async function matchParkedOf(
  transaction: Queryable,
  messages: readonly ProviderReference[],
): Promise<number> {
  const rows = await transaction.query<ParkedRow>(takeFreeOf, toColumns(messages));
  await applyParked(transaction, rows);
  return rows.length;
}

/**
 * Takes the parked receipts of messages that get a receipt now: they came first, so they must be applied
 * first.
 */
export async function takeParkedBefore(
  transaction: Queryable,
  messages: readonly ProviderReference[],
): Promise<StatusChange[]> {
  if (messages.length === 0) return [];
  return (await transaction.query<ParkedRow>(takeAllOf, toColumns(messages))).map(toChange);
}

const sweepSize = 500;

/**
 * Each receipt is checked at once and then less and less often, down to every hour: receipts that
 * find no message soon mostly belong to none. This is a statement of its own, so that its locks are short: a
 * transaction that stores the message's id passes over locked receipts, and they would wait for the next
 * check.
 */
const findDue: Statement = {
  name: "find_due_parked",
  text: `
    with due as (
      select id, provider_id, provider_message_id
      from parked_receipts
      where check_at <= now()
      order by check_at
      limit ${sweepSize}
      for no key update skip locked
    ), postponed as (
      update parked_receipts as p
      set checks = p.checks + 1, check_at = now() + interval '2 seconds' * 2 ^ least(p.checks, 11)
      from due
      where p.id = due.id
    )
    select p.provider_id as "providerId", p.provider_message_id as "providerMessageId", m.id is not null as "isKnown"
    from due as p
    left join ${newestMessage} on true`,
};

/**
 * Matches what two crossing transactions missed: a receipt that was parked while the submit response was
 * being stored. Reads only receipts that are due, and all of them. Returns how many were matched.
 */
export async function sweepParked(database: Pick<Database, "query" | "transaction">): Promise<number> {
  let matched = 0;
  let due: Due[];
  do {
    due = await database.query<Due>(findDue, []);
    matched += await matchDue(database, due);
  } while (due.length === sweepSize);
  return matched;
}

type Due = ProviderReference & { isKnown: boolean };

async function matchDue(database: Pick<Database, "transaction">, due: readonly Due[]): Promise<number> {
  const known = due.filter(({ isKnown }) => isKnown);
  // Includes receipts of the same message that are not due: they are applied in the order in which they came.
  const references = new Map(known.map((one) => [`${one.providerId} ${one.providerMessageId}`, one]));
  if (references.size === 0) return 0;
  return database.transaction((transaction) => matchParkedOf(transaction, [...references.values()]));
}

async function applyParked(transaction: Queryable, rows: readonly ParkedRow[]): Promise<void> {
  const outcomes = await applyChanges(transaction, rows.map(toChange));
  for (const outcome of outcomes) noteReceipt(outcome);
  await blankErased(transaction, outcomes);
}

const blank: Statement = {
  name: "blank_parked_bodies_of_erased",
  text: `
    update callbacks as c
    set body = ''
    from unnest($1::uuid[], $2::timestamptz[]) as of (message_id, received_at)
    join messages as m on m.id = of.message_id
    where c.provider_id = m.provider_id and c.received_at = of.received_at and c.unmatched`,
};

/**
 * When a parked receipt came, nobody knew that its message is of a person who was erased, and its body was kept: it may have
 * the number in it.
 */
export async function blankErased(transaction: Queryable, parked: readonly ChangeOutcome[]): Promise<void> {
  const erased = parked.flatMap((outcome) =>
    outcome.kind === "taken" && outcome.isErased ? [outcome.change] : [],
  );
  if (erased.length === 0) return;
  await execute(transaction, blank, [
    erased.map(({ messageId }) => messageId),
    erased.map(({ receivedAt }) => receivedAt),
  ]);
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
