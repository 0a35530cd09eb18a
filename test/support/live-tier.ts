import { Writable } from "node:stream";
import { inject } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { openListener } from "../../src/database/listener.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { stopAll, type Stops } from "../../src/lib/shutdown.ts";
import { LiveTier } from "../../src/messages/jetstream/live-tier.ts";
import { readNatsUrl, type NatsSettings } from "../../src/messages/jetstream/settings.ts";

/** Where the apps of a database get their events in this run; undefined: from PostgreSQL. */
export function natsOf(databaseUrl: string): NatsSettings | undefined {
  const reach = readNatsUrl(inject("natsUrl") ?? "");
  return (
    reach && {
      ...reach,
      credentialsFile: undefined,
      prefix: new URL(databaseUrl).pathname.slice(1),
      replicas: 1,
      retentionHours: 24,
      maxMegabytes: undefined,
    }
  );
}

/** What a worker does for the live tier, for apps of tests that have none. */
export async function startRelay(
  databaseUrl: string,
  settings: NatsSettings,
): Promise<{ stop(): Promise<void>; isLeading: () => boolean; log: string[] }> {
  const stops: Stops = [];
  const log: string[] = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(line.toString("utf8"));
      done();
    },
  });
  const logger = createLogger({ level: "info", destination });
  const database = openDatabase(databaseUrl, { poolSize: 2 });
  stops.push(() => database.close());
  const listener = await openListener(databaseUrl, { onError: () => undefined });
  stops.push(() => listener.close());
  const liveTier = await LiveTier.open(settings, logger);
  stops.push(() => liveTier.close());
  const relay = liveTier.relay({ database, databaseUrl, listener, logger });
  await relay.start();
  stops.push(() => relay.stop());
  return { stop: () => stopAll(stops), isLeading: () => relay.isLeading, log };
}
