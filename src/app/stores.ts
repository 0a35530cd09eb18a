import { openDatabase, type Database } from "../database/database.ts";
import { openListener, type Listener } from "../database/listener.ts";
import { LiveTier } from "../messages/jetstream/live-tier.ts";
import type { Stops } from "../lib/shutdown.ts";
import type { AppOptions } from "./options.ts";

export interface Stores {
  database: Database;
  listener: Listener;
  /** Absent: the event log is followed in PostgreSQL. */
  liveTier: LiveTier | undefined;
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
  return { database, listener, liveTier, onUnreachable };
}
