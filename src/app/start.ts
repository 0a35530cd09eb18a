import { systemClock } from "../lib/clock.ts";
import { addGauges, createMetrics, type Metrics } from "../lib/metrics.ts";
import { stopAll, stopTogether, type Stops } from "../lib/shutdown.ts";
import type { Services } from "../graphql/context.ts";
import type { LiveTier } from "../messages/jetstream/live-tier.ts";
import { wireDomain } from "./domain.ts";
import { startStatus } from "./status.ts";
import { Readiness } from "../database/readiness.ts";
import type { AppOptions } from "./options.ts";
import { OwnUrl } from "./own-url.ts";
import { openStores } from "./stores.ts";

/** A running process: API, worker, or both. */
export interface App {
  services: Services;
  metrics: Metrics;
  /** Where events come from when it is not PostgreSQL alone. */
  liveTier: LiveTier | undefined;
  /** Where the API listens; undefined for a worker. */
  url: string | undefined;
  /** Whether the API shows the console at `/`. */
  hasConsole: boolean;
  /** Ends streams, lets running requests and jobs finish, then closes everything. */
  stop(): Promise<void>;
}

// A worker does without GraphQL, which is half of the code to be read at a start.
const loadApi = () => import("./api.ts");
const loadJobs = () => import("./jobs.ts");

/** Reads the code that the app will need, which takes as long as the rest of the start. */
export async function loadCode({
  runsApi,
  runsWorker,
}: Pick<AppOptions, "runsApi" | "runsWorker">): Promise<void> {
  await Promise.all([runsApi && loadApi(), runsWorker && loadJobs()]);
}

/** The composition root: the only place that knows every part. The database must already be migrated. */
export async function startApp(options: AppOptions): Promise<App> {
  const stops: Stops = [];
  try {
    return await start(options, stops);
  } catch (error) {
    await stopAll(stops).catch(() => undefined);
    throw error;
  }
}

async function start(options: AppOptions, stops: Stops): Promise<App> {
  const { clock = systemClock } = options;
  const metrics = createMetrics();
  const url = new OwnUrl(options);
  const stores = await openStores(options, stops);
  const services = await wireDomain({ options, clock, metrics, url, ...stores }, stops);
  const { streams, feed } = services;
  const { listener, liveTier, replica } = stores;
  addGauges(metrics, {
    subscriptions: () => streams.size,
    waitingReaders: () => feed.waiting,
    liveTier,
    replica,
  });
  // The API and the worker drain at the same time.
  const doors: Stops = [];
  stops.push(() => stopTogether(doors));
  const parts = { options, services, metrics, listener, liveTier, replica };
  const api = options.runsApi ? await (await loadApi()).startApi(parts, doors) : undefined;
  if (api) url.listensOn(api.port);
  await options.beforeJobs?.(services);
  if (options.runsWorker) await (await loadJobs()).startJobs(parts, doors);
  if (!options.runsApi && options.workerPort !== undefined)
    await startStatus(parts, new Readiness(options.databaseUrl), options.workerPort, stops);
  return {
    services,
    metrics,
    liveTier,
    url: api && url.current,
    hasConsole: api?.hasConsole === true,
    stop: () => stopAll(stops),
  };
}
