import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { ForbiddenError, InvalidInputError, NotFoundError } from "../lib/errors.ts";
import { restrictionKinds, type SendRestrictions } from "../lib/send-restrictions.ts";
import { requireStorable } from "../lib/storable.ts";
import { isUuid } from "../lib/uuid.ts";
import type { Viewer } from "./api-keys.ts";

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
  text: `
    with stored as (
      select id, restrictions as before from api_keys where account_id = $1 and id = $2 for no key update
    )
    update api_keys as k set restrictions = nullif($3::jsonb, '{}') from stored where k.id = stored.id returning before`,
};

/** Replaces what a key may send through, as and to. @throws NotFoundError */
export async function setKeyRestrictions(
  database: Database,
  { accountId, keyId }: { accountId: string; keyId: string },
  restrictions: SendRestrictions,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const values = [accountId, keyId, JSON.stringify(restrictions)];
    const [key] = await transaction.query<{ before: SendRestrictions | null }>(update, values);
    if (!key) throw new NotFoundError("ApiKey", keyId);
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_UPDATED",
      target: { type: "ApiKey", id: keyId },
      before: { restrictions: key.before ?? {} },
      after: { restrictions },
    });
  });
}
