import { inboundReadAt, noteInboundRead } from "../../connections/inbound-rounds.ts";
import type { Connections } from "../../connections/connections.ts";
import { noteProblem } from "../../connections/note-problem.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { storeInbound } from "./store-inbound.ts";

interface ReadOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
}

/** A message may come into the list late, so it is read again for so long before the last reading to its end. */
const overlapMs = 3_600_000;
/** How far back the first reading goes. */
const firstMs = 24 * 3_600_000;
/** Messages stored in one transaction. */
const atOnce = 500;

/** Reads a provider's list for messages from people. What was read before is known by its id. */
export async function readInbound(
  { database, connections, clock }: ReadOptions,
  providerId: string,
): Promise<void> {
  const connection = await connections.get(providerId);
  const client = connection?.throttledClient;
  if (!connection || !client?.readInbound) return;
  const now = clock.now();
  const readAt = await inboundReadAt(database, providerId);
  const since = readAt ? readAt.getTime() - overlapMs : now.getTime() - firstMs;
  const reply = await client.readInbound(new Date(since));
  if (!reply.ok) return noteProblem(database, connection, reply.problem, now);
  const received = reply.value.readings.map((reading) => ({
    providerId,
    receivedAt: now,
    source: "POLL" as const,
    reading,
  }));
  for (let start = 0; start < received.length; start += atOnce) {
    const part = received.slice(start, start + atOnce);
    await database.transaction((transaction) => storeInbound(transaction, part));
  }
  if (reply.value.isComplete) await noteInboundRead(database, providerId, now);
}
