import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { Logger } from "../../lib/logger.ts";
import { singlingOut } from "../../messages/dispatch/attempts.ts";
import { readAllForDispatch } from "../../messages/dispatch/dispatch-message.ts";
import type { Outcomes } from "../../messages/dispatch/outcomes.ts";
import { isAlive, workerLockSpaces } from "../../queue/live-workers.ts";

const maxBatchSize = 500;
/** The rest comes in the next round. */
const maxBatches = 20;

/** SQL: attempts whose worker has died. Works on both tables that hold attempts. */
const isDead = `
  started_at < now() - interval '3 seconds' and not ${isAlive("$1", "split_part(claim, '/', 1)")}`;

const singleOutDead = singlingOut("single_out_dead_claims", isDead);

const findDead: Statement = {
  name: "find_dead_claims",
  text: `
    select message_id as "messageId", split_part(claim, '/', 1) as worker
    from attempts
    where finished_at is null and claim is not null and ${isDead}
    limit $2`,
};

interface DeadClaimsOptions {
  database: Database;
  clock: Clock;
  logger: Logger;
  outcomes: Outcomes;
}

/**
 * Closes the attempts of workers that were killed while sending campaign messages. The messages may have been
 * sent, so they are never sent again blindly. All at once, so that one search at the provider finds out about them.
 */
export async function abandonDeadClaims(options: DeadClaimsOptions): Promise<void> {
  await options.database.query(singleOutDead, [workerLockSpaces.claims]);
  for (let batch = 0; batch < maxBatches; batch++) if ((await abandonSome(options)) < maxBatchSize) return;
}

/** Returns how many there were. */
async function abandonSome({ database, clock, logger, outcomes }: DeadClaimsOptions): Promise<number> {
  const dead = await database.query<{ messageId: string; worker: string }>(findDead, [
    workerLockSpaces.claims,
    maxBatchSize,
  ]);
  if (dead.length === 0) return 0;
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
  return dead.length;
}
