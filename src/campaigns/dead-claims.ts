import type { Clock } from "../clock.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../logger.ts";
import { readAllForDispatch } from "../messages/attempts.ts";
import type { Outcomes } from "../messages/outcomes.ts";

/** The space of the advisory locks by which the others see that the worker of a claim lives. */
export const claimLockSpace = "smsgraph claim";

const largestBatch = 500;

const findDead: Statement = {
  name: "find_dead_claims",
  text: `
    select a.message_id as "messageId", split_part(a.claim, '/', 1) as worker
    from attempts as a
    where a.finished_at is null and a.claim is not null and a.started_at < now() - interval '3 seconds'
      and not exists (
        select 1 from pg_locks as l
        where l.locktype = 'advisory' and l.granted
          and l.database = (select oid from pg_database where datname = current_database())
          and l.classid::bigint = hashtext($1)::bigint & 4294967295
          and l.objid::bigint = hashtext(split_part(a.claim, '/', 1))::bigint & 4294967295
      )
    limit $2`,
};

/**
 * Messages of campaigns whose worker was killed while it was sending them: they may have been sent, and are
 * never sent again blindly.
 */
export async function abandonDeadClaims(options: {
  database: Database;
  clock: Clock;
  logger: Logger;
  outcomes: Outcomes;
}): Promise<void> {
  const { database, clock, logger, outcomes } = options;
  const dead = await database.query<{ messageId: string; worker: string }>(findDead, [
    claimLockSpace,
    largestBatch,
  ]);
  if (dead.length === 0) return;
  const ids = dead.map(({ messageId }) => messageId);
  const messages = await readAllForDispatch(database, ids);
  const outcome = {
    kind: "ambiguous",
    reason: "the process that was sending it ended before the answer",
  } as const;
  const finishedAt = clock.now();
  await Promise.all(
    messages.map((message) =>
      outcomes.record({ message, attempt: message.attempts, outcome, startedAt: undefined, finishedAt }),
    ),
  );
  const workers = new Set(dead.map(({ worker }) => worker));
  logger.warn(
    { workers: [...workers], messages: ids.length },
    "took over claims of workers that were killed",
  );
}
