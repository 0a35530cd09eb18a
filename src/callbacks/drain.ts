import type { PoolClient } from "pg";
import type { Clock } from "../clock.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../logger.ts";
import type { ProviderProblem } from "../providers/provider.ts";
import { reprocessNext } from "./reprocess.ts";

export interface DrainOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  logger: Logger;
}

const tryLock = "select pg_try_advisory_lock(hashtext('smsgraph receipt queue'), hashtext($1)) as held";
const unlock = "select pg_advisory_unlock(hashtext('smsgraph receipt queue'), hashtext($1))";

const mostBodies = 1_000;

const firstPauseMs = 5_000;
const longestPauseMs = 5 * 60_000;

/** What keeps a queue from being asked for a while. */
interface Trouble {
  failures: number;
  untilMs: number;
}

/**
 * Empties the queue of a provider that hands each receipt out once. One reader at a time over all processes: a
 * second one does nothing. Every body is committed as it came before anything is read out of it. A provider that
 * gives no receipts is left alone for as long as it says, and the longer the more often that happens.
 */
export function createDrain(options: DrainOptions): (providerId: string) => Promise<void> {
  // A connection that was changed is another one, and forgiven.
  const troubles = new WeakMap<Connection, Trouble>();
  return async (providerId) => {
    const connection = await options.connections.get(providerId);
    if (!connection?.client.drainReceipts) return;
    const trouble = troubles.get(connection);
    if (trouble && options.clock.now().getTime() < trouble.untilMs) return;
    const problem = await drainAlone(options, connection);
    if (!problem) return void troubles.delete(connection);
    const failures = (trouble?.failures ?? 0) + 1;
    const growingMs = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
    const pauseMs = Math.max(growingMs, (problem.retryAfterSeconds ?? 0) * 1000);
    troubles.set(connection, { failures, untilMs: options.clock.now().getTime() + pauseMs });
    options.logger.warn({ providerId, problem, pauseMs }, "could not take receipts");
  };
}

async function drainAlone(
  options: DrainOptions,
  connection: Connection,
): Promise<ProviderProblem | undefined> {
  const { id } = connection.row;
  const client = await options.database.pool.connect();
  try {
    if (!(await hold(client, id))) return undefined;
    try {
      return await drain(options, connection);
    } finally {
      await client.query(unlock, [id]).catch(() => undefined);
    }
  } finally {
    client.release();
  }
}

async function hold(client: PoolClient, providerId: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(tryLock, [providerId]);
  return rows[0]?.held ?? false;
}

async function drain(
  options: DrainOptions,
  { client, row }: Connection,
): Promise<ProviderProblem | undefined> {
  for (const { id } of await options.database.query<{ id: string }>(findUnread, [row.id, notRead])) {
    await read(options, id);
  }
  for (let taken = 0; taken < mostBodies; taken++) {
    const reply = await client.drainReceipts?.();
    if (reply?.ok === false) return reply.problem;
    if (reply?.value === undefined) return undefined;
    await read(options, await store(options, row.id, reply.value));
  }
  return undefined;
}

/** The id is that of one that was stored unread. */
async function read(options: DrainOptions, id: string): Promise<void> {
  await reprocessNext(options, String(BigInt(id) - 1n));
}

const notRead = "Taken from the provider, and not read yet.";

/** Whoever took them ended before they were read. */
const findUnread: Statement = {
  name: "find_unread_receipts",
  text: `
    select id from callbacks
    where provider_id = $1 and state = 'QUARANTINED' and source = 'POLL' and problem = $2
    order by id`,
};

const storeUnread: Statement = {
  name: "store_unread_receipts",
  text: `
    insert into callbacks (provider_id, received_at, content_type, body, source, state, problem)
    values ($1, $2, $3, $4, 'POLL', 'QUARANTINED', $5)
    returning id`,
};

async function store(
  { database, clock }: DrainOptions,
  providerId: string,
  { body, contentType }: { body: string; contentType: string },
): Promise<string> {
  const storable = body.replaceAll("\0", "").toWellFormed();
  const values = [providerId, clock.now(), contentType, storable, notRead];
  const [row] = await database.query<{ id: string }>(storeUnread, values);
  if (!row) throw new Error("A body of receipts was not stored");
  return row.id;
}
