import type { PoolClient } from "pg";
import type { Clock } from "../clock.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../logger.ts";
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

/**
 * Empties the queue of a provider that hands each receipt out once. One reader at a time over all processes: a
 * second one does nothing. Every body is committed as it came before anything is read out of it.
 */
export async function drainReceipts(options: DrainOptions, providerId: string): Promise<void> {
  const connection = await options.connections.get(providerId);
  if (!connection?.client.drainReceipts) return;
  const client = await options.database.pool.connect();
  try {
    if (await hold(client, providerId)) await drain(options, connection);
  } finally {
    await client.query(unlock, [providerId]).catch(() => undefined);
    client.release();
  }
}

async function hold(client: PoolClient, providerId: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(tryLock, [providerId]);
  return rows[0]?.held ?? false;
}

async function drain(options: DrainOptions, { client, row }: Connection): Promise<void> {
  for (let taken = 0; taken < mostBodies; taken++) {
    const reply = await client.drainReceipts?.();
    if (reply?.ok === false) {
      options.logger.warn({ providerId: row.id, problem: reply.problem }, "could not take receipts");
      return;
    }
    if (reply?.value === undefined) return;
    const id = await store(options, row.id, reply.value);
    await reprocessNext(options, String(BigInt(id) - 1n));
  }
}

const storeUnread: Statement = {
  name: "store_unread_receipts",
  text: `
    insert into callbacks (provider_id, received_at, content_type, body, source, state, problem)
    values ($1, $2, $3, $4, 'POLL', 'QUARANTINED', 'Taken from the provider, and not read yet.')
    returning id`,
};

async function store(
  { database, clock }: DrainOptions,
  providerId: string,
  { body, contentType }: { body: string; contentType: string },
): Promise<string> {
  const storable = body.replaceAll("\0", "").toWellFormed();
  const values = [providerId, clock.now(), contentType, storable];
  const [row] = await database.query<{ id: string }>(storeUnread, values);
  if (!row) throw new Error("A body of receipts was not stored");
  return row.id;
}
