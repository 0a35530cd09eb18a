import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Allowance, defaultSubscriptionLimits } from "../access/allowance.ts";
import type { Viewer } from "../access/api-keys.ts";
import { readBearer } from "../access/bearer.ts";
import { FairShares } from "../access/fair-shares.ts";
import { CallbackIngest } from "../callbacks/ingest.ts";
import { createCallbackRoute } from "../callbacks/route.ts";
import { Readiness } from "../database/readiness.ts";
import { AccessGuard } from "../graphql/guards/access-guard.ts";
import { LiveSubscriptions } from "../graphql/live/live-subscriptions.ts";
import { defaultReaderLimits } from "../graphql/live/reader-limits.ts";
import { createWebSocketServer } from "../graphql/live/websocket.ts";
import { maxRequestBytes } from "../graphql/schema/limits.ts";
import { createErrorMask } from "../graphql/server/mask-error.ts";
import { createGraphqlServer } from "../graphql/server/yoga.ts";
import { BrowserGuard, openSettings } from "../http/browser-guard.ts";
import { createExportRoute } from "../http/export-route.ts";
import { createHttpServer } from "../http/server.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { Stops } from "../lib/shutdown.ts";
import { eventChannel } from "../messages/log/event-log.ts";
import type { ReceiptOutcome } from "../messages/receipts/receipts.ts";
import type { Parts } from "./parts.ts";

const maxDrainMs = 30_000;

/** Starts the HTTP server with all its transports. Returns the port it listens on. */
export async function startApi(parts: Parts, doors: Stops): Promise<number> {
  const { options, services } = parts;
  await openFeeds(parts);
  const transports = wireTransports(parts);
  const server = wireServer(parts, transports);
  const { keepAliveMs } = options;
  const sockets = createWebSocketServer({
    server,
    ...transports,
    ...(keepAliveMs !== undefined && { keepAliveMs }),
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  doors.push(async () => {
    const closed = new Promise((done) => server.close(done));
    // A client that stops reading or sending must not keep the process alive.
    const deadline = setTimeout(() => server.closeAllConnections(), maxDrainMs);
    services.streams.closeAll();
    await sockets.dispose();
    server.closeIdleConnections();
    await closed;
    clearTimeout(deadline);
  });
  return (server.address() as AddressInfo).port;
}

async function openFeeds({ services, listener }: Parts): Promise<void> {
  const { feed, balances, access, campaigns, providers } = services;
  await feed.open(listener);
  await balances.open(listener);
  await access.open(listener);
  await campaigns.open(listener);
  await providers.open(listener, eventChannel);
}

/** What HTTP, SSE and WebSocket share: the schema, what a caller may do, and what a reader may leave unread. */
function wireTransports({ options, services, metrics }: Parts) {
  const { access } = services;
  const { developmentKey, web = openSettings } = options;
  const allowance = new Allowance(options.subscriptionLimits ?? defaultSubscriptionLimits);
  const maskError = createErrorMask(options.logger, () => metrics.internalErrors.inc());
  const guard = new AccessGuard({ access, allowance, shares: new FairShares(options.operationLimits) });
  const live = new LiveSubscriptions(services, maskError, guard);
  const readerLimits = { ...defaultReaderLimits, ...options.readerLimits };
  const pages = new BrowserGuard(web, options.publicUrl);
  const yoga = createGraphqlServer({ services, guard, maskError, developmentKey, web, live, readerLimits });
  return { access, allowance, maskError, live, readerLimits, pages, yoga };
}

function wireServer(parts: Parts, { yoga, pages }: ReturnType<typeof wireTransports>): Server {
  const { options, services, metrics } = parts;
  const { database, access } = services;
  const { logger, web = openSettings } = options;
  const readiness = new Readiness(options.databaseUrl);
  const identify = async (authorization: string): Promise<Viewer | undefined> => {
    const key = readBearer(authorization);
    return key === undefined ? undefined : access.find(key);
  };
  return createHttpServer({
    graphql: (request, response, viewer) => yoga(request, response, viewer ? { viewer } : {}),
    identify,
    callbacks: wireCallbacks(parts),
    campaigns: createExportRoute({ database, identify }),
    ready: () => readiness.problem(),
    metrics,
    maxRequestBytes,
    web,
    guard: pages,
    onError: (error) => logger.error({ error }, "a request failed"),
  });
}

function wireCallbacks({ options, services, metrics }: Parts): ReturnType<typeof createCallbackRoute> {
  const { database, connections, clock } = services;
  return createCallbackRoute({
    connections,
    ingest: new CallbackIngest(database),
    clock,
    logger: options.logger,
    onResult: (result, provider = "none") => metrics.callbacks.inc({ result, provider }),
    onReceipts: ({ outcomes }, { adapter }) => {
      for (const outcome of outcomes) countReceipt(metrics, adapter.kind, outcome);
    },
  });
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
