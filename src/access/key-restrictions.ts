import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { ForbiddenError, InvalidInputError, NotFoundError } from "../lib/errors.ts";
import { restrictionKinds, type SendRestrictions } from "../lib/send-restrictions.ts";
import { requireStorable } from "../lib/storable.ts";
import { isUuid } from "../lib/uuid.ts";
import type { Viewer } from "./api-keys.ts";
import { lockKey, requireAnotherAdmin, type KeyChange } from "./last-admin-key.ts";

/** The most entries of one list. */
export const maxRestrictions = 100;
const maxSenderLength = 255;

type Given = { [Kind in keyof SendRestrictions]?: readonly string[] | null | undefined };

/**
 * Restrictions as they are stored; a list that is absent or null does not restrict.
 * @throws InvalidInputError @throws NotFoundError for a provider of somebody else
 */
export async function checkRestrictions(
  database: Database,
  accountId: string,
  given: Given,
  field = "restrictions",
): Promise<SendRestrictions> {
  const lists = restrictionKinds.flatMap((kind) => {
    const list = given[kind];
    if (list == null) return [];
    checkList(`${field}.${kind}`, list);
    return [[kind, [...new Set(list)]] as const];
  });
  const restrictions: SendRestrictions = Object.fromEntries(lists);
  for (const [index, code] of (restrictions.countries ?? []).entries())
    if (!/^[A-Z]{2}$/.test(code))
      throw wrong(`${field}.countries.${index}`, "Write two capital letters, such as SK.");
  for (const [index, sender] of (restrictions.senders ?? []).entries()) {
    const place = `${field}.senders.${index}`;
    if (requireStorable(sender, place).trim() === "" || sender.length > maxSenderLength)
      throw wrong(place, `A sender has 1 to ${maxSenderLength} characters.`);
  }
  await checkProviders(database, accountId, restrictions.providerIds ?? []);
  return restrictions;
}

function checkList(field: string, { length }: readonly string[]): void {
  if (length > 0 && length <= maxRestrictions) return;
  throw wrong(field, `Give 1 to ${maxRestrictions} entries, or leave the list out for no restriction.`);
}

const wrong = (field: string, problem: string): InvalidInputError =>
  new InvalidInputError(field, `\`${field}\`: ${problem}`);

const findProviders: Statement = {
  name: "find_providers_of_restrictions",
  text: "select id from providers where account_id = $1 and id = any ($2::uuid[]) and disconnected_at is null",
};

async function checkProviders(database: Database, accountId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const found = await database.query<{ id: string }>(findProviders, [accountId, ids.filter(isUuid)]);
  const missing = ids.find((id) => !found.some((row) => row.id === id));
  if (missing !== undefined) throw new NotFoundError("Provider", missing);
}

/** A restricted key handles only keys that are restricted as much. @throws ForbiddenError */
export function checkWithin({ restrictions, keyName }: Viewer, wanted: SendRestrictions | undefined): void {
  for (const kind of restrictionKinds) {
    const own = restrictions?.[kind];
    const theirs = wanted?.[kind];
    if (!own || (theirs && theirs.every((entry) => own.includes(entry)))) continue;
    throw new ForbiddenError(
      `The key "${keyName}" handles only keys that may do no more than itself: their \`${kind}\` must be among its own.`,
    );
  }
}

const update: Statement = {
  name: "update_key_restrictions",
  text: "update api_keys set restrictions = nullif($2::jsonb, '{}') where id = $1",
};

/**
 * Replaces what a key may send through, as and to. A restricted key manages only keys that are restricted as much, so
 * restricting one takes it away from the account. @throws NotFoundError @throws LastAdminKeyError
 */
export async function setKeyRestrictions(
  database: Database,
  change: KeyChange,
  restrictions: SendRestrictions,
): Promise<void> {
  const { accountId, keyId } = change;
  await database.transaction(async (transaction) => {
    const key = await lockKey(transaction, change);
    if (key.restrictions === null && Object.keys(restrictions).length > 0) requireAnotherAdmin(key);
    await transaction.query(update, [keyId, JSON.stringify(restrictions)]);
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_UPDATED",
      target: { type: "ApiKey", id: keyId },
      before: { restrictions: key.restrictions ?? {} },
      after: { restrictions },
    });
  });
}
