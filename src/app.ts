import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Access } from "./access/access.ts";
import { Allowance, defaultSubscriptionLimits, type SubscriptionLimits } from "./access/allowance.ts";
import type { Viewer } from "./access/api-keys.ts";
import { readBearer } from "./access/bearer.ts";
import { FairShares, type OperationLimits } from "./access/fair-shares.ts";
import { CallbackIngest } from "./callbacks/ingest.ts";
import { createDrain } from "./callbacks/drain.ts";
import { createCallbackRoute } from "./callbacks/route.ts";
import { CampaignFeed } from "./campaigns/feed.ts";
import { CampaignPump } from "./campaigns/sending/pump.ts";
import { systemClock, type Clock } from "./lib/clock.ts";
import { BalanceFeed } from "./connections/balance-feed.ts";
import { Connector } from "./connections/connect.ts";
import { Connections } from "./connections/connections.ts";
import { isQueuedInSql } from "./messages/model/status.ts";
import { ProviderFeed } from "./connections/provider-feed.ts";
import { createSecretBox } from "./connections/secret-box.ts";
import { openDatabase } from "./database/database.ts";
import { Readiness } from "./database/readiness.ts";
import { openListener, type Listener } from "./database/listener.ts";
import type { Services } from "./graphql/context.ts";
import { Reads } from "./graphql/reads.ts";
import { AccessGuard } from "./graphql/guards/access-guard.ts";
import { defaultReaderLimits, type ReaderLimits } from "./graphql/live/reader-limits.ts";
import { LiveSubscriptions } from "./graphql/live/live-subscriptions.ts";
import { maxRequestBytes } from "./graphql/schema/limits.ts";
import { createErrorMask } from "./graphql/server/mask-error.ts";
import { Streams } from "./graphql/streams.ts";
import { createWebSocketServer } from "./graphql/live/websocket.ts";
import { createGraphqlServer } from "./graphql/server/yoga.ts";
import { BrowserGuard, openSettings, type WebSettings } from "./http/browser-guard.ts";
import { createExportRoute } from "./http/export-route.ts";
import { createHttpServer } from "./http/server.ts";
import { startWorker } from "./jobs/worker.ts";
import type { Logger } from "./lib/logger.ts";
import { ClosedLanes } from "./lanes/closed-lanes.ts";
import { Dispatcher } from "./messages/dispatch/dispatch.ts";
import { Failover } from "./messages/dispatch/failover.ts";
import { EventFeed } from "./messages/log/event-feed.ts";
import { Outcomes } from "./messages/dispatch/outcomes.ts";
import { eventChannel } from "./messages/log/event-log.ts";
import type { ReceiptOutcome } from "./messages/receipts/receipts.ts";
import type { MessageRetention } from "./messages/changes/forget-messages.ts";
import { MessageSender } from "./messages/accept/send.ts";
import { RateBooks } from "./pricing/rates/rate-book.ts";
import { MissingRates } from "./pricing/rates/missing-rates.ts";
import { RoutingTables } from "./pricing/routing/routing-tables.ts";
import { Spending } from "./pricing/spending/spending.ts";
import type { HttpLimits } from "./providers/registry.ts";
import { createMetrics, type Metrics } from "./lib/metrics.ts";
import { stopAll, stopTogether, type Stops } from "./lib/shutdown.ts";

export interface AppOptions {
  databaseUrl: string;
  databasePoolSize: number;
  /** 32 bytes. */
  secretKey: Uint8Array;
  host: string;
  port: number;
  publicUrl: string | undefined;
  runsApi: boolean;
  runsWorker: boolean;
  workerConcurrency: number;
  eventRetentionDays: number;
  /** Absent: messages and their texts are kept for ever. */
  retention?: MessageRetention;
  allowInsecureProviders: boolean;
  /** Whether providers may be in networks that only this machine can reach. */
  allowPrivateProviders: boolean;
  /** Counts connected providers only. */
  maxProvidersPerAccount: number;
  maxSegments: number;
  developmentKey: string | undefined;
  /** What pages and people without a key get to see; absent: as in development. */
  web?: WebSettings;
  logger: Logger;
  clock?: Clock;
  random?: () => number;
  /** Limits of the providers' HTTP clients. */
  providerLimits?: HttpLimits;
  /** How much a reader of a live stream may leave unread, and for how long. */
  readerLimits?: Partial<ReaderLimits>;
  onStatement?: (text: string) => void;
  /** How many sockets and subscriptions may be open at once. */
  subscriptionLimits?: SubscriptionLimits;
  /** How many operations may run at once. */
  operationLimits?: OperationLimits;
  /** Time between two pings of a WebSocket, and how long the answer may take. */
  keepAliveMs?: number;
}

const maxDrainMs = 30_000;

/** A running process: API, worker, or both. */
export interface App {
  services: Services;
  metrics: Metrics;
  /** Where the API listens; undefined for a worker. */
  url: string | undefined;
  /** Ends streams, lets running requests and jobs finish, then closes everything. */
  stop(): Promise<void>;
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

/** The address we listen on. `localhost` only when needed, because it may resolve to IPv6 first. */
function ownUrl(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::") return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function start(options: AppOptions, stops: Stops): Promise<App> {
  const { logger, clock = systemClock } = options;
  const database = openDatabase(options.databaseUrl, {
    poolSize: options.databasePoolSize,
    ...(options.onStatement && { onStatement: options.onStatement }),
    onConnectionError: (error) => logger.warn({ error }, "a database connection broke"),
  });
  stops.push(() => database.close());
  const onError = (error: Error): void =>
    logger.warn({ error }, "the database cannot be reached, trying again");
  const listener = await openListener(options.databaseUrl, { onError });
  stops.push(() => listener.close());

  let url = options.publicUrl ?? ownUrl(options.host, options.port);
  const connections = new Connections(
    database,
    createSecretBox(options.secretKey),
    () => url,
    { publicOnly: !options.allowPrivateProviders, ...options.providerLimits },
    clock,
  );
  await connections.checkKey();
  await connections.watch(listener);
  stops.push(() => connections.close());

  const balances = new BalanceFeed(database);
  const providers = new ProviderFeed(database, isQueuedInSql);
  const streams = new Streams();
  const feed = new EventFeed(database, { onError, onEvents: (events) => observeLag(metrics, clock, events) });
  stops.push(() => feed.close());
  const metrics = createMetrics({ subscriptions: () => streams.size, waitingReaders: () => feed.waiting });
  const rateBooks = new RateBooks(database, clock);
  await rateBooks.watch(listener);
  const missingRates = new MissingRates(database, clock, (error) =>
    logger.warn({ error }, "could not note that a rate is wanted"),
  );
  const routingTables = new RoutingTables({
    database,
    connections,
    rateBooks,
    clock,
    maxSegments: options.maxSegments,
  });
  await routingTables.watch(listener);
  const spending = new Spending(database, clock);
  const sender = new MessageSender({ database, routingTables, spending, missingRates, clock });
  const { allowInsecureProviders, allowPrivateProviders, maxProvidersPerAccount } = options;
  const connector = new Connector({
    database,
    connections,
    clock,
    allowInsecureProviders,
    allowPrivateProviders,
    maxProvidersPerAccount,
  });
  const access = new Access({ database, secretKey: options.secretKey, clock, onError });
  stops.push(() => access.close());
  const campaigns = new CampaignFeed(database);
  const services: Services = {
    database,
    reads: new Reads(database),
    clock,
    feed,
    sender,
    connections,
    connector,
    streams,
    balances,
    access,
    rateBooks,
    routingTables,
    spending,
    campaigns,
    onLowBalance: ({ id: providerId, kind, name, lowBalance }, { amount, units, currency }) => {
      metrics.lowBalances.inc({ provider: kind });
      const balance = { amount, units, currency, lowBalance };
      logger.warn({ providerId, name, ...balance }, "the balance of a provider is below its threshold");
    },
    providers,
  };

  // The API and the worker drain at the same time.
  const doors: Stops = [];
  stops.push(() => stopTogether(doors));
  let server: Server | undefined;
  if (options.runsApi) {
    await feed.open(listener);
    await balances.open(listener);
    await access.open(listener);
    await campaigns.open(listener);
    await providers.open(listener, eventChannel);
    server = await startApi(options, services, metrics, doors);
    url = options.publicUrl ?? ownUrl(options.host, (server.address() as AddressInfo).port);
  }
  if (options.runsWorker) await startJobs(options, services, metrics, listener, doors);
  return { services, metrics, url: server && url, stop: () => stopAll(stops) };
}

async function startJobs(
  options: AppOptions,
  { database, connections, routingTables, clock, rateBooks, onLowBalance }: Services,
  metrics: Metrics,
  listener: Listener,
  doors: Stops,
): Promise<void> {
  const { logger, random = Math.random } = options;
  const lanes = new ClosedLanes();
  const failover = new Failover({ database, routingTables, clock });
  const outcomes = new Outcomes({ database, clock, logger, random, failover });
  const onOutcome = (provider: string, outcome: string, elapsed: number, messages = 1): void => {
    metrics.submissions.observe({ provider, outcome }, elapsed);
    metrics.submittedMessages.inc({ provider, outcome }, messages);
  };
  const dispatcher = new Dispatcher({ lanes, database, connections, clock, outcomes, failover, onOutcome });
  const pump = new CampaignPump({
    database,
    listener,
    connections,
    clock,
    logger,
    outcomes,
    failover,
    onOutcome,
  });
  const worker = await startWorker({
    database,
    listener,
    connections,
    clock,
    logger,
    dispatcher,
    outcomes,
    rateBooks,
    onLowBalance,
    lanes,
    drainReceipts: createDrain({ database, connections, clock, logger }),
    eventRetentionDays: options.eventRetentionDays,
    retention: options.retention ?? {},
    concurrency: options.workerConcurrency,
    onJobFailed: (task) => metrics.failedJobs.inc({ task }),
  });
  doors.push(() => worker.stop());
  await pump.start();
  doors.push(() => pump.stop());
}

async function startApi(
  options: AppOptions,
  services: Services,
  metrics: Metrics,
  doors: Stops,
): Promise<Server> {
  const { logger } = options;
  const { database, connections, clock, streams, access } = services;
  const allowance = new Allowance(options.subscriptionLimits ?? defaultSubscriptionLimits);
  const maskError = createErrorMask(logger, () => metrics.internalErrors.inc());
  const guard = new AccessGuard({ access, allowance, shares: new FairShares(options.operationLimits) });
  const live = new LiveSubscriptions(services, maskError, guard);
  const readerLimits = { ...defaultReaderLimits, ...options.readerLimits };
  const { developmentKey, keepAliveMs, web = openSettings } = options;
  const pages = new BrowserGuard(web, options.publicUrl);
  const yoga = createGraphqlServer({ services, guard, maskError, developmentKey, web, live, readerLimits });
  const callbacks = createCallbackRoute({
    connections,
    ingest: new CallbackIngest(database),
    clock,
    logger,
    onResult: (result, provider = "none") => metrics.callbacks.inc({ result, provider }),
    onReceipts: ({ outcomes }, { adapter }) => {
      for (const outcome of outcomes) countReceipt(metrics, adapter.kind, outcome);
    },
  });
  const readiness = new Readiness(options.databaseUrl);
  const identify = async (authorization: string): Promise<Viewer | undefined> => {
    const key = readBearer(authorization);
    return key === undefined ? undefined : access.find(key);
  };
  const server = createHttpServer({
    graphql: (request, response, viewer) => yoga(request, response, viewer ? { viewer } : {}),
    identify,
    callbacks,
    campaigns: createExportRoute({
      database,
      identify,
    }),
    ready: () => readiness.problem(),
    metrics,
    maxRequestBytes,
    web,
    guard: pages,
    onError: (error) => logger.error({ error }, "a request failed"),
  });
  const sockets = createWebSocketServer({
    server,
    yoga,
    access,
    allowance,
    maskError,
    live,
    readerLimits,
    pages,
    ...(keepAliveMs !== undefined && { keepAliveMs }),
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  doors.push(async () => {
    const closed = new Promise((done) => server.close(done));
    // A client that stops reading or sending must not keep the process alive.
    const deadline = setTimeout(() => server.closeAllConnections(), maxDrainMs);
    streams.closeAll();
    await sockets.dispose();
    server.closeIdleConnections();
    await closed;
    clearTimeout(deadline);
  });
  return server;
}

function countReceipt(metrics: Metrics, provider: string, outcome: ReceiptOutcome): void {
  metrics.receipts.inc({ outcome: outcomeLabel(outcome), provider });
  if (outcome.status === "UNKNOWN") metrics.unknownWords.inc({ provider });
}

function outcomeLabel(outcome: ReceiptOutcome): string {
  if (outcome.kind !== "matched") return outcome.kind;
  const { applied, ignoredReason } = outcome.transition;
  return applied ? "applied" : (ignoredReason ?? "ignored").toLowerCase();
}

function observeLag(metrics: Metrics, clock: Clock, events: readonly { receivedAt: Date }[]): void {
  const oldest = Math.min(...events.map(({ receivedAt }) => receivedAt.getTime()));
  metrics.eventLag.observe(Math.max(0, clock.now().getTime() - oldest) / 1000);
}
