import { openDatabase, type Database } from "../database/database.ts";
import { ReadReplica } from "../database/read-replica.ts";
import { openListener, type Listener } from "../database/listener.ts";
import { LiveTier } from "../messages/jetstream/live-tier.ts";
import type { Stops } from "../lib/shutdown.ts";
import type { AppOptions } from "./options.ts";

export interface Stores {
  database: Database;
  listener: Listener;
  /** Absent: the event log is followed in PostgreSQL. */
  liveTier: LiveTier | undefined;
  /** Answers queries in place of the primary. Absent: there is none, or this process answers no queries. */
  replica: ReadReplica | undefined;
  /** Logs that the database cannot be reached; the caller tries again. */
  onUnreachable: (error: Error) => void;
}

export async function openStores(options: AppOptions, stops: Stops): Promise<Stores> {
  const { logger, databaseUrl, databasePoolSize: poolSize, onStatement } = options;
  const database = openDatabase(databaseUrl, {
    poolSize,
    ...(onStatement && { onStatement }),
    onConnectionError: (error) => logger.warn({ error }, "a database connection broke"),
  });
  stops.push(() => database.close());
  const onUnreachable = (error: Error): void =>
    logger.warn({ error }, "the database cannot be reached, trying again");
  const listener = await openListener(databaseUrl, { onError: onUnreachable });
  stops.push(() => listener.close());
  const liveTier = options.nats && (await LiveTier.open(options.nats, logger));
  if (liveTier) stops.push(() => liveTier.close());
  const replica = await openReplica(options, database);
  if (replica) stops.push(() => replica.close());
  return { database, listener, liveTier, replica, onUnreachable };
}

async function openReplica(
  { logger, runsApi, databaseReadUrl: url, databasePoolSize: poolSize, onStatement }: AppOptions,
  primary: Database,
): Promise<ReadReplica | undefined> {
  if (url === undefined || !runsApi) return undefined;
  const replica = new ReadReplica({
    url,
    primary,
    poolSize,
    ...(onStatement && { onStatement }),
    onChange: (description, isUsable) => logger[isUsable ? "info" : "warn"](description),
  });
  await replica.open().catch(async (error: unknown) => {
    await replica.close();
    throw error;
  });
  return replica;
}
