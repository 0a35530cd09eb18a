import { columns } from "../../database/columns.ts";
import type { Message } from "../../database/generated/client.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { IdempotencyConflictError, type RecipientSuppressedError } from "../../lib/errors.ts";
import { keyHours } from "../../lib/idempotency.ts";
import type { MessageDraft } from "./draft.ts";
import { lastWaitingInSql } from "../model/order.ts";
import { storedMessage } from "./stored-message.ts";
import { eventChannel } from "../log/event-log.ts";
import { listedAsInSql } from "../model/status.ts";
import {
  suppressionInSql,
  toSuppressedError,
  type FoundSuppression,
} from "../../suppressions/suppression.ts";
import { addMovesInSql } from "../statistics/moves.ts";
import { laneFlagInSql, priorityNumber } from "../../queue/contract.ts";

/** What became of a draft. */
export type StoreOutcome =
  | { kind: "stored"; messageId: string; message: Message }
  /** Its idempotency key has stood for this input before. */
  | { kind: "repeated"; messageId: string }
  /** Its idempotency key has stood for another input. */
  | { kind: "conflict"; error: IdempotencyConflictError }
  /** Not stored: the recipient is not to be texted. */
  | { kind: "suppressed"; error: RecipientSuppressedError }
  /** Not stored: the account has spending caps, so what is spent must be counted first. */
  | { kind: "needsCounting" };

/** The earlier use of an idempotency key. */
export type EarlierUse =
  | Extract<StoreOutcome, { kind: "repeated" | "conflict" }>
  /** The key is free. */
  | { kind: "unused" };

/** The fields of a draft that are columns of its message. */
const messageColumns = columns({
  id: "uuid",
  accountId: "uuid",
  providerId: "uuid",
  recipient: "text",
  sender: "text",
  text: "text",
  encoding: "text_encoding",
  segments: "smallint",
  flash: "boolean",
  priority: "message_priority",
  country: "text",
  clientRef: "text",
  scheduledAt: "timestamptz",
  validUntil: "timestamptz",
  cadenceGroupId: "text",
  dltTemplateId: "text",
  createdAt: "timestamptz",
  estimatedCost: "numeric",
  estimatedCurrency: "text",
  routed: "boolean",
  route: "jsonb",
  duplicatePolicy: "duplicate_policy",
  answers: "uuid",
  trace: "bytea",
} satisfies Partial<Record<keyof MessageDraft, string>>);

const insert: Statement = {
  name: "insert_messages",
  text: `
    with draft as (
      select *, ${suppressionInSql({ account: 'd."accountId"', recipient: "d.recipient", sender: "d.sender", answers: "d.answers" })} as suppression
      from json_to_recordset($1) as d (
        place int, follows uuid, "idempotencyKey" text, fingerprint text, served jsonb, ${messageColumns.record}
      )
      where $2 or not exists (
        select 1 from spending_limits where account_id = d."accountId" and jsonb_array_length(caps) > 0
      )
    ), claimed as (
      insert into idempotency_keys as k (account_id, key, fingerprint, message_id, created_at)
      select "accountId", "idempotencyKey", decode(fingerprint, 'hex'), id, now()
      from draft
      where "idempotencyKey" is not null and suppression is null
      order by "accountId", "idempotencyKey"
      on conflict (account_id, key) do update
        set fingerprint = excluded.fingerprint, message_id = excluded.message_id, created_at = excluded.created_at
        where k.created_at <= ${retentionTime} - interval '${keyHours} hours'
      returning message_id
    ), accepted as (
      select *, case when "scheduledAt" is null then 'QUEUED' else 'SCHEDULED' end::message_status as status
      from draft
      where suppression is null and ("idempotencyKey" is null or id in (select message_id from claimed))
    ), stored as (
      insert into messages (${messageColumns.names}, follows, status, listed_as, last_event_tx, updated_at)
      select ${messageColumns.selected},
        case when follows in (select id from accepted) then follows else ${lastWaitingInSql({
          account: 'accepted."accountId"',
          recipient: "accepted.recipient",
          priority: "accepted.priority",
          due: 'coalesce(accepted."scheduledAt", accepted."createdAt")',
        })} end, status,
        ${listedAsInSql("status")}, pg_current_xact_id()::text::bigint, "createdAt"
      from accepted
    ), known as (
      insert into compat_messages (message_id, account_id, api, vendor_id, group_id, callback_url, details)
      select id, "accountId", (served->>'api')::compat_api, coalesce(served->>'vendorId', id::text), served->>'groupId',
        served->>'callbackUrl', served->'details'
      from accepted
      where served is not null
      on conflict do nothing
    ), logged as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at
      )
      select pg_current_xact_id()::text::bigint, "accountId", id, "providerId", 1, status, 'API', true,
        "createdAt", "createdAt"
      from accepted
      order by place
    ), moved as (${addMovesInSql({
      rows: "accepted",
      account: '"accountId"',
      provider: '"providerId"',
      country: "country",
      at: '"createdAt"',
      from: "status",
      to: "status",
    })}
    ), queued as (
      select count(*) from graphile_worker.add_jobs((
        select coalesce(array_agg((
          'dispatch', json_build_object('messageId', id), null, coalesce("scheduledAt", now()), null, null,
          ${priorityNumber("priority")}, array[${laneFlagInSql('"providerId"', "routed")}]
        )::graphile_worker.job_spec order by place), '{}') from accepted
      ))
    )
    select id, pg_current_xact_id()::text as tx, null::json as suppression
    from accepted, queued, pg_notify('${eventChannel}', '')
    union all
    select id, null, suppression from draft where suppression is not null`,
};

/** A draft that was stored, or is not to be sent. */
interface Answer {
  id: string;
  /** The transaction that stored it. */
  tx: string | null;
  suppression: FoundSuppression | null;
}

/**
 * Stores messages with their first event and their dispatch job in one statement, so in one transaction. A
 * draft whose idempotency key is taken gives the message that has the key, or a conflict when the input
 * differs. A draft whose account has caps is stored only if the caller counts what is spent (`isCounted`).
 */
export async function storeMessages(
  database: Queryable,
  drafts: readonly MessageDraft[],
  { isCounted = false } = {},
): Promise<StoreOutcome[]> {
  const rows = withoutRepeatedKeys(drafts).map((draft, place) => ({ ...draft, place }));
  const answers = await database.query<Answer>(insert, [JSON.stringify(rows), isCounted]);
  const answerOf = new Map(answers.map((answer) => [answer.id, answer]));
  const repeats = drafts.filter(({ id }) => !answerOf.has(id));
  const earlier = repeats.length === 0 ? new Map<string, UsedKey>() : await readUsedKeys(database, repeats);
  return drafts.map((draft): StoreOutcome => {
    const { tx, suppression } = answerOf.get(draft.id) ?? {};
    if (tx) return { kind: "stored", messageId: draft.id, message: storedMessage(draft, tx) };
    if (suppression) return { kind: "suppressed", error: toSuppressedError(draft.recipient, suppression) };
    const use = compare(earlier.get(keyOf(draft)), draft);
    return use.kind === "unused" ? { kind: "needsCounting" } : use;
  });
}

/** An input that may have been sent before. */
export type Repeat = Pick<MessageDraft, "accountId" | "idempotencyKey" | "fingerprint">;

/** The uses of these idempotency keys in the 24 hours before `now`. */
export async function findEarlier(database: Queryable, repeats: readonly Repeat[]): Promise<EarlierUse[]> {
  const used = await readUsedKeys(database, repeats, findHeldKeys);
  return repeats.map((repeat) => compare(used.get(keyOf(repeat)), repeat));
}

function compare(used: UsedKey | undefined, { idempotencyKey, fingerprint }: Repeat): EarlierUse {
  if (!used) return { kind: "unused" };
  const { messageId } = used;
  if (used.fingerprint === fingerprint) return { kind: "repeated", messageId };
  return { kind: "conflict", error: new IdempotencyConflictError(idempotencyKey ?? "", messageId) };
}

const keyOf = ({ accountId, idempotencyKey }: Pick<Repeat, "accountId" | "idempotencyKey">): string =>
  `${accountId} ${idempotencyKey}`;

/** Keeps the first draft of each key; the others then find it as the earlier message. */
function withoutRepeatedKeys(drafts: readonly MessageDraft[]): MessageDraft[] {
  const seen = new Set<string>();
  return drafts.filter((draft) => {
    if (draft.idempotencyKey === null) return true;
    const key = keyOf(draft);
    return !seen.has(key) && seen.add(key);
  });
}

interface UsedKey {
  accountId: string;
  idempotencyKey: string;
  messageId: string;
  fingerprint: string;
}

const findKeys = (more = ""): string => `
    select account_id as "accountId", key as "idempotencyKey", message_id as "messageId",
      encode(fingerprint, 'hex') as fingerprint
    from idempotency_keys
    join unnest($1::uuid[], $2::text[]) as wanted (account, key) using (key)
    where account_id = wanted.account ${more}`;

/** A key that could not be claimed is taken, so its age does not matter here. */
const findUsedKeys: Statement = { name: "find_used_idempotency_keys", text: findKeys() };

const findHeldKeys: Statement = {
  name: "find_held_idempotency_keys",
  text: findKeys(`and created_at > ${retentionTime} - interval '${keyHours} hours'`),
};

async function readUsedKeys(
  database: Queryable,
  drafts: readonly Repeat[],
  statement = findUsedKeys,
): Promise<Map<string, UsedKey>> {
  const accounts = drafts.map(({ accountId }) => accountId);
  const keys = drafts.map(({ idempotencyKey }) => idempotencyKey);
  const used = await database.query<UsedKey>(statement, [accounts, keys]);
  return new Map(used.map((key) => [keyOf(key), key]));
}
