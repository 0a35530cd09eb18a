import type { Clock } from "../lib/clock.ts";
import { drainPauseHasEnded, longestDrainPauseSeconds } from "../connections/drain-rounds.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import { insist } from "../database/retry-write.ts";
import type { Logger } from "../lib/logger.ts";
import type { ProviderProblem } from "../providers/provider.ts";
import type { KeptBodies } from "./kept-bodies.ts";
import { readUnread } from "./read.ts";

interface DrainOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  logger: Logger;
  kept: KeptBodies;
}

const lockSpace = "smsgraph receipt queue";

const maxBodies = 1_000;

const firstPauseMs = 5_000;
const maxGrowingMs = 5 * 60_000;

/**
 * Empties the receipt queue of a provider that hands out each receipt only once. Only one process reads a
 * queue at a time; a second call does nothing. Every body is committed unread before it is parsed. After a
 * failure all processes leave the provider alone: as long as it asks, and longer with each further failure.
 */
export function createDrain(options: DrainOptions): (providerId: string) => Promise<void> {
  return async (providerId) => {
    const connection = await options.connections.get(providerId);
    if (connection?.client.drainReceipts) await drainAlone(options, connection);
  };
}

async function drainAlone(options: DrainOptions, connection: Connection): Promise<void> {
  const { id } = connection.row;
  const release = await options.database.locks.tryHold(lockSpace, id);
  if (!release) return;
  try {
    const { isPaused, failures } = await readPause(options, id);
    if (isPaused) return;
    const problem = await drain(options, connection);
    if (problem) await pauseAfter(options, id, failures + 1, problem);
    else if (failures > 0) await options.database.query(notePause, [id, 0, null]);
  } finally {
    await release();
  }
}

interface Pause {
  isPaused: boolean;
  /** In a row so far. */
  failures: number;
}

const pauseOf: Statement = {
  name: "read_drain_pause",
  text: `
    select drain_failures as failures, not ${drainPauseHasEnded("$2")} as "isPaused"
    from providers as p
    where id = $1`,
};

const notePause: Statement = {
  name: "note_drain_pause",
  text: "update providers set drain_failures = $2, drain_paused_until = $3 where id = $1",
};

async function readPause({ database, clock }: DrainOptions, id: string): Promise<Pause> {
  const [row] = await database.query<Pause>(pauseOf, [id, clock.now()]);
  return row ?? { isPaused: true, failures: 0 };
}

async function pauseAfter(
  { database, clock, logger }: DrainOptions,
  providerId: string,
  failures: number,
  problem: ProviderProblem,
): Promise<void> {
  const growingMs = Math.min(firstPauseMs * 2 ** (failures - 1), maxGrowingMs);
  const pauseMs = Math.max(
    growingMs,
    Math.min(problem.retryAfterSeconds ?? 0, longestDrainPauseSeconds) * 1000,
  );
  await database.query(notePause, [providerId, failures, new Date(clock.now().getTime() + pauseMs)]);
  logger.warn({ providerId, problem, pauseMs }, "could not take receipts");
}

async function drain(
  options: DrainOptions,
  { client, row }: Connection,
): Promise<ProviderProblem | undefined> {
  for (const { id } of await options.database.query<{ id: string }>(findUnread, [row.id])) {
    await readUnread(options, id);
  }
  for (let taken = 0; taken < maxBodies; taken++) {
    const reply = await client.drainReceipts?.();
    if (reply?.ok === false) return reply.problem;
    if (reply?.value === undefined) return undefined;
    await readUnread(options, await store(options, row.id, reply.value));
  }
  return undefined;
}

/** Bodies whose process ended before it read them. */
const findUnread: Statement = {
  name: "find_unread_receipts",
  text: `
    select id from callbacks
    where provider_id = $1 and state = 'UNREAD'
    order by id`,
};

const storeUnread: Statement = {
  name: "store_unread_receipts",
  text: `
    insert into callbacks (provider_id, received_at, content_type, body, source, state)
    values ($1, $2, $3, $4, 'POLL', 'UNREAD')
    returning id`,
};

/**
 * Retries until the body is stored: the provider hands it out once, so a database outage must not lose it. If
 * it is stored twice, its receipts are still applied once.
 */
async function store(
  { database, clock, logger }: DrainOptions,
  providerId: string,
  { body, contentType }: { body: string; contentType: string },
): Promise<string> {
  const cleaned = body.replaceAll("\0", "").toWellFormed();
  const values = [providerId, clock.now(), contentType, cleaned];
  const [row] = await insist(
    () => database.query<{ id: string }>(storeUnread, values),
    (error) => logger.warn({ error, providerId }, "could not store receipts, trying again"),
  );
  if (!row) throw new Error("A body of receipts was not stored");
  return row.id;
}
