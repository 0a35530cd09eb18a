import type { Connections } from "../../connections/connections.ts";
import { noteProblem } from "../../connections/note-problem.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import { storeInbound } from "./store-inbound.ts";

interface ReadOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
}

/** A message may come into the list late, so the list is read again for so long before the newest message. */
const overlapMs = 3_600_000;
/** How far back the first reading goes. */
const firstMs = 24 * 3_600_000;
/** Messages stored in one transaction. */
const atOnce = 500;

const findNewest: Statement = {
  name: "find_newest_inbound",
  text: `
    select coalesce(sent_at, created_at) as at from messages
    where provider_id = $1 and listed_as = 'RECEIVED'
    order by id desc
    limit 1`,
};

/** Reads a provider's list for messages from people. What was read before is known by its id. */
export async function readInbound(
  { database, connections, clock }: ReadOptions,
  providerId: string,
): Promise<void> {
  const connection = await connections.get(providerId);
  const client = connection?.throttledClient;
  if (!connection || !client?.readInbound) return;
  const [newest] = await database.query<{ at: Date }>(findNewest, [providerId]);
  const now = clock.now();
  const since = newest ? newest.at.getTime() - overlapMs : now.getTime() - firstMs;
  const reply = await client.readInbound(new Date(since));
  if (!reply.ok) return noteProblem(database, connection, reply.problem, now);
  const received = reply.value.map((reading) => ({
    providerId,
    receivedAt: now,
    source: "POLL" as const,
    reading,
  }));
  for (let start = 0; start < received.length; start += atOnce) {
    const part = received.slice(start, start + atOnce);
    await database.transaction((transaction) => storeInbound(transaction, part));
  }
}
