import type { Queryable, Statement } from "../database/database.ts";
import type { SubmitOutcome } from "../providers/provider.ts";
import type { MessagePriority } from "./draft.ts";
import type { MessageStatus } from "./status.ts";
import type { TextEncoding } from "./text.ts";

/** A message as the dispatcher needs it. */
export interface DispatchMessage {
  id: string;
  providerId: string;
  /** Null for a message of its own. */
  campaignId: string | null;
  recipient: string;
  sender: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
  flash: boolean;
  priority: MessagePriority;
  status: MessageStatus;
  validUntil: Date | null;
  cadenceGroupId: string | null;
  dltTemplateId: string | null;
  /** Attempts made so far. */
  attempts: number;
}

const read: Statement = {
  name: "read_for_dispatch",
  text: `
    select id, provider_id as "providerId", campaign_id as "campaignId", recipient, sender, text, encoding, segments, flash, priority,
      status, valid_until as "validUntil", cadence_group_id as "cadenceGroupId", dlt_template_id as "dltTemplateId",
      (select coalesce(max(number), 0)::int from attempts where message_id = id) as attempts
    from messages
    where id = any ($1::uuid[])`,
};

export const readAllForDispatch = (database: Queryable, ids: readonly string[]): Promise<DispatchMessage[]> =>
  database.query<DispatchMessage>(read, [ids]);

export async function readForDispatch(database: Queryable, id: string): Promise<DispatchMessage | undefined> {
  return (await readAllForDispatch(database, [id]))[0];
}

const start: Statement = {
  name: "start_attempts",
  text: `
    insert into attempts (message_id, number, provider_id, started_at, claim)
    select message_id, number, provider_id, $5, claim
    from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[]) as a (message_id, number, provider_id, claim)`,
};

/** `claims`: by message, the claim of a campaign that its request belongs to (see `Attempt.claim`). */
export async function startAttempts(
  transaction: Queryable,
  messages: readonly Pick<DispatchMessage, "id" | "attempts" | "providerId">[],
  startedAt: Date,
  claims: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  if (messages.length === 0) return;
  const ids = messages.map(({ id }) => id);
  const numbers = messages.map(({ attempts }) => attempts + 1);
  const providers = messages.map(({ providerId }) => providerId);
  const names = ids.map((id) => claims.get(id) ?? null);
  await transaction.query(start, [ids, numbers, providers, names, startedAt]);
}

export interface FinishedAttempt {
  message: Pick<DispatchMessage, "id">;
  attempt: number;
  outcome: SubmitOutcome;
  finishedAt: Date;
}

const finish: Statement = {
  name: "finish_attempts",
  text: `
    update attempts as a
    set outcome = f.outcome, reason = f.reason, finished_at = f.finished_at
    from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::timestamptz[])
      as f (message_id, number, outcome, reason, finished_at)
    where a.message_id = f.message_id and a.number = f.number
      and (a.outcome is null or a.outcome = 'ambiguous' and f.outcome in ('accepted', 'rejected'))
    returning a.message_id as "messageId"`,
};

/**
 * Notes how attempts ended, each once; only an answer still counts when the attempt was taken for lost. Returns
 * those that were news: an outcome whose commit was not confirmed comes a second time, when its message may
 * already be in its next attempt.
 */
export async function finishAttempts<Finished extends FinishedAttempt>(
  transaction: Queryable,
  finished: readonly Finished[],
): Promise<Finished[]> {
  const noted = await transaction.query<{ messageId: string }>(finish, [
    finished.map(({ message }) => message.id),
    finished.map(({ attempt }) => attempt),
    finished.map(({ outcome }) => outcome.kind),
    finished.map(({ outcome }) => reasonOf(outcome)),
    finished.map(({ finishedAt }) => finishedAt),
  ]);
  const messageIds = new Set(noted.map(({ messageId }) => messageId));
  return finished.filter(({ message }) => messageIds.has(message.id));
}

function reasonOf(outcome: SubmitOutcome): string | null {
  if (outcome.kind === "accepted") return null;
  return outcome.kind === "rejected" ? outcome.failure.text : outcome.reason;
}
