import { recordAudit } from "../audit/record.ts";
import type { Clock } from "../lib/clock.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { InvalidInputError } from "../lib/errors.ts";
import { maskNumber } from "../lib/logger.ts";
import { requireStorable } from "../lib/storable.ts";
import { sendingSettingsOf } from "../sending-settings/store.ts";
import { parseRecipient } from "../sms/phone.ts";
import { senderKey, type Suppression, type SuppressionSource } from "./suppression.ts";

interface SuppressionOptions {
  database: Queryable;
  clock: Clock;
}

export interface SuppressionInput {
  number: string;
  sender?: string | null | undefined;
  reason?: string | null | undefined;
}

const maxReasonLength = 255;
const columns = `recipient as number, sender, reason, source, created_at as "createdAt"`;

/** A new entry, checked. */
export type NewSuppression = Pick<Suppression, "number" | "sender" | "reason">;

const add: Statement = {
  name: "add_suppressions",
  text: `
    insert into suppressions (account_id, recipient, sender, reason, source, created_at)
    select $1, recipient, sender, reason, $5::suppression_source, $6
    from unnest($2::text[], $3::text[], $4::text[]) as n (recipient, sender, reason)
    order by recipient, sender
    on conflict do nothing
    returning recipient as number, sender`,
};

/** Puts numbers on the list; an entry that is there stays as it is. Returns those that are new. */
export async function addSuppressions(
  { database, clock }: SuppressionOptions,
  accountId: string,
  entries: readonly NewSuppression[],
  source: SuppressionSource,
): Promise<Pick<Suppression, "number" | "sender">[]> {
  if (entries.length === 0) return [];
  return database.query<Pick<Suppression, "number" | "sender">>(add, [
    accountId,
    entries.map(({ number }) => number),
    entries.map(({ sender }) => sender),
    entries.map(({ reason }) => reason),
    source,
    clock.now(),
  ]);
}

/** @throws InvalidInputError */
export function checkScope({ sender, reason }: Omit<SuppressionInput, "number">): {
  sender: string;
  reason: string | null;
} {
  for (const [field, value] of Object.entries({ sender, reason })) {
    if (value == null) continue;
    if (value.trim() === "" || value.length > maxReasonLength)
      throw new InvalidInputError(field, `\`${field}\` must have 1 to ${maxReasonLength} characters.`);
    requireStorable(value, field);
  }
  return { sender: sender == null ? "" : senderKey(sender), reason: reason ?? null };
}

const find: Statement = {
  name: "find_suppression",
  text: `select ${columns} from suppressions where account_id = $1 and recipient = $2 and sender = $3`,
};

/**
 * Puts a number on the list of an account. Repeating it changes nothing.
 * @throws InvalidPhoneNumberError, InvalidInputError
 */
export async function suppressNumber(
  { database, clock }: { database: Database; clock: Clock },
  accountId: string,
  input: SuppressionInput,
): Promise<Suppression> {
  const { defaultCountry } = await sendingSettingsOf(database, accountId);
  const { to } = parseRecipient(input.number, defaultCountry);
  const scope = checkScope(input);
  const source = "API";
  return database.transaction(async (transaction) => {
    const options = { database: transaction, clock };
    const added = await addSuppressions(options, accountId, [{ number: to, ...scope }], source);
    const after = { number: maskNumber(to), ...scope };
    if (added.length > 0) await recordAudit(transaction, { accountId, action: "NUMBER_SUPPRESSED", after });
    const [entry] = await transaction.query<Suppression>(find, [accountId, to, scope.sender]);
    return entry ?? { number: to, ...scope, source, createdAt: clock.now() };
  });
}

const remove: Statement = {
  name: "remove_suppressions",
  text: `
    with removed as (
      delete from suppressions where account_id = $1 and recipient = $2 and ($3::text is null or sender = $3) returning 1
    )
    select count(*)::int as count from removed`,
};

/** Takes the entries of a number for one sender off the list, or all of them; returns how many there were. */
export async function removeSuppressions(
  database: Queryable,
  accountId: string,
  number: string,
  sender: string | null,
): Promise<number> {
  const [row] = await database.query<{ count: number }>(remove, [accountId, number, sender]);
  return row?.count ?? 0;
}

/**
 * Takes a number off the list: its entry for one sender, or all its entries. Returns how many there were.
 * @throws InvalidPhoneNumberError, InvalidInputError
 */
export async function unsuppressNumber(
  { database }: { database: Database },
  accountId: string,
  input: Omit<SuppressionInput, "reason">,
): Promise<{ number: string; removed: number }> {
  const { defaultCountry } = await sendingSettingsOf(database, accountId);
  const { to } = parseRecipient(input.number, defaultCountry);
  const sender = input.sender == null ? null : checkScope(input).sender;
  return database.transaction(async (transaction) => {
    const removed = await removeSuppressions(transaction, accountId, to, sender);
    const before = { number: maskNumber(to), sender, entries: removed };
    if (removed > 0) await recordAudit(transaction, { accountId, action: "NUMBER_UNSUPPRESSED", before });
    return { number: to, removed };
  });
}

/** Where an entry is in the list. */
export type SuppressionKey = Pick<Suppression, "number" | "sender">;

interface SuppressionRange {
  number?: string | undefined;
  after?: SuppressionKey | undefined;
  before?: SuppressionKey | undefined;
  limit: number;
  inverted?: boolean;
}

// The number stands in both bounds, so that one statement serves for a number and for the whole list.
const listIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select ${columns} from suppressions
    where account_id = $1 and (recipient, sender) > ($2, $3)
      and ($4::text is null or (recipient, sender) < ($4, $5)) and ($7::text is null or recipient = $7)
    order by recipient ${order}, sender ${order}
    limit $6`,
});

const list = listIn("list_suppressions", "asc");
const listBack = listIn("list_suppressions_back", "desc");

/** Entries of an account by number, within two optional bounds. */
export const listSuppressions = (
  database: Queryable,
  accountId: string,
  { number, after, before, limit, inverted = false }: SuppressionRange,
): Promise<Suppression[]> =>
  database.query<Suppression>(inverted ? listBack : list, [
    accountId,
    after?.number ?? "",
    after?.sender ?? "",
    before?.number ?? null,
    before?.sender ?? "",
    limit,
    number ?? null,
  ]);
