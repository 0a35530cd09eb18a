import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Allowance, defaultSubscriptionLimits } from "../access/allowance.ts";
import type { Viewer } from "../access/api-keys.ts";
import { readBearer } from "../access/bearer.ts";
import { FairShares } from "../access/fair-shares.ts";
import { LastAskers } from "../access/last-askers.ts";
import { SharedUse } from "../access/shared-use.ts";
import { NumberedIds } from "../compat/known/ids.ts";
import { CompatRoute } from "../compat/frame/route.ts";
import { vendors } from "../compat/vendors.ts";
import { CallbackIngest } from "../callbacks/ingest.ts";
import { KeptBodies } from "../callbacks/kept-bodies.ts";
import { createCallbackRoute } from "../callbacks/route.ts";
import { Readiness } from "../database/readiness.ts";
import { AccessGuard } from "../graphql/guards/access-guard.ts";
import { AnswerTurns } from "../graphql/live/answer-turns.ts";
import { LiveSubscriptions } from "../graphql/live/live-subscriptions.ts";
import { Paces } from "../graphql/live/pace.ts";
import { defaultReaderLimits } from "../graphql/live/reader-limits.ts";
import { createWebSocketServer } from "../graphql/live/websocket.ts";
import type { DocumentPolicy } from "../graphql/document-ids.ts";
import { maxObjectFields, maxRequestBytes, maxRequestValues } from "../graphql/schema/limits.ts";
import { createErrorMask } from "../graphql/server/mask-error.ts";
import { answerPlainPosts } from "../graphql/server/plain-posts.ts";
import { GraphiqlPage } from "../graphql/server/graphiql.ts";
import { createGraphqlServer } from "../graphql/server/yoga.ts";
import { BrowserGuard, openSettings } from "../http/browser-guard.ts";
import { ConsoleFiles } from "../http/console.ts";
import { callerAddress, type AddressOf } from "../http/caller-address.ts";
import { createExportRoute } from "../http/export-route.ts";
import { createSuppressionsRoute } from "../http/suppressions-route.ts";
import { HeldBodies } from "../http/held-bodies.ts";
import { OpenExports } from "../http/open-exports.ts";
import { createHttpServer } from "../http/server.ts";
import { UnauthenticatedError } from "../lib/errors.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { Stops } from "../lib/shutdown.ts";
import type { ReceiptOutcome } from "../messages/receipts/receipts.ts";
import { TrustedDocuments } from "../trusted/trusted-documents.ts";
import type { AppOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import { notesOf } from "./status.ts";

const maxDrainMs = 30_000;

interface Listening {
  port: number;
  hasConsole: boolean;
}

/** Starts the HTTP server with all its transports. */
export async function startApi(parts: Parts, doors: Stops): Promise<Listening> {
  const { options, services } = parts;
  await openFeeds(parts);
  await shareLimits(parts, doors);
  const transports = wireTransports(parts, await openDocuments(parts, doors));
  const files = openConsole(options);
  const server = wireServer(parts, transports, files);
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
  return { port: (server.address() as AddressInfo).port, hasConsole: files !== undefined };
}

async function openFeeds({ services, listener }: Parts): Promise<void> {
  const { feed, balances, access, campaigns, providers, statistics } = services;
  await feed.open(listener);
  await balances.open(listener);
  await access.open(listener);
  await campaigns.open(listener);
  const onMessages = (wake: () => void): void => feed.onHint(wake);
  await providers.open(listener, onMessages);
  statistics.open(onMessages);
}

async function shareLimits({ options, services, listener }: Parts, doors: Stops): Promise<void> {
  const { database, limiter } = services;
  const shared = new SharedUse(database, limiter, (error) =>
    options.logger.warn({ error }, "could not tell the other processes what was used of the limits"),
  );
  await shared.open(listener);
  doors.push(async () => shared.close());
}

async function openDocuments({ options, services, listener }: Parts, doors: Stops): Promise<DocumentPolicy> {
  const { logger, trustedDocumentsOnly: trustedOnly = false } = options;
  const documents = new TrustedDocuments(services.database, (error) =>
    logger.warn({ error }, "the trusted documents cannot be read, trying again"),
  );
  await documents.open(listener);
  doors.push(async () => documents.close());
  return { documents, trustedOnly };
}

/** What HTTP, SSE and WebSocket share: the schema, what a caller may do, and what a reader may leave unread. */
function wireTransports({ options, services, metrics, replica }: Parts, policy: DocumentPolicy) {
  const { access, limiter } = services;
  const { web = openSettings, trustedProxies = [] } = options;
  const addressOf: AddressOf = (request) => callerAddress(request, trustedProxies);
  const allowance = new Allowance(options.subscriptionLimits ?? defaultSubscriptionLimits);
  const maskError = createErrorMask(options.logger, () => metrics.internalErrors.inc());
  const askers = new LastAskers();
  const paces = new Paces(askers);
  // The served APIs have the same: a caller who uses both gets no more.
  const shares = new FairShares(options.operationLimits, askers);
  const guard = new AccessGuard({ access, allowance, shares, limiter });
  const live = new LiveSubscriptions(
    services,
    maskError,
    guard,
    new AnswerTurns((holder) => paces.isShared(holder)),
  );
  const readerLimits = { ...defaultReaderLimits, ...options.readerLimits };
  const pages = new BrowserGuard(web, options.publicUrl);
  const bodies = new HeldBodies(options.heldLimits);
  const yoga = createGraphqlServer({
    services,
    guard,
    maskError,
    web,
    live,
    readerLimits,
    addressOf,
    policy,
    paces,
    replica: replica && { services, replica, onQuery: (from) => metrics.queriesFrom.inc({ from }) },
  });
  return {
    access,
    allowance,
    limiter,
    shares,
    bodies,
    maskError,
    live,
    readerLimits,
    pages,
    yoga,
    addressOf,
    policy,
    paces,
  };
}

function wireServer(
  parts: Parts,
  { yoga, pages, limiter, shares, bodies, addressOf }: ReturnType<typeof wireTransports>,
  files: ConsoleFiles | undefined,
): Server {
  const { options, services, metrics } = parts;
  const { database, access } = services;
  const { logger, web = openSettings } = options;
  const readiness = new Readiness(options.databaseUrl);
  const identify = async (request: IncomingMessage): Promise<Viewer | undefined> => {
    const key = readBearer(request.headers.authorization ?? "");
    if (key === undefined) return undefined;
    // A key that may not be used from there is refused with its reason later, as an unknown one is.
    return access.find(key, addressOf(request)).catch((error: unknown) => {
      if (error instanceof UnauthenticatedError) return undefined;
      throw error;
    });
  };
  const exports = new OpenExports(shares);
  const hold = (viewer: Viewer, end: () => void): (() => void) => access.hold(viewer, end);
  return createHttpServer({
    graphql: answerPlainPosts(yoga),
    identify,
    callbacks: wireCallbacks(parts, addressOf, bodies),
    hold,
    limiter,
    bodies,
    campaigns: createExportRoute({ database, identify, limiter, exports, hold }),
    suppressions: createSuppressionsRoute({ database, identify, limiter, exports, hold }),
    compat: wireCompat(parts, addressOf, { bodies, shares }),
    console: files,
    graphiql: web.graphiql ? new GraphiqlPage(options.developmentKey) : undefined,
    ready: () => readiness.problem(),
    notes: () => notesOf(parts),
    metrics,
    maxRequestBytes,
    maxRequestValues,
    maxObjectFields,
    web,
    guard: pages,
    onError: (error) => logger.error({ error }, "a request failed"),
  });
}

function wireCompat(
  { options, services }: Parts,
  addressOf: AddressOf,
  bounds: { bodies: HeldBodies; shares: FairShares },
): CompatRoute {
  const { logger, allowInsecureWebhooks: allowInsecure, allowPrivateWebhooks: allowPrivate } = options;
  return new CompatRoute({
    services: {
      ...services,
      ...bounds,
      ids: new NumberedIds(services.database),
      allowInsecure,
      allowPrivate,
    },
    vendors,
    hosts: options.compatHosts ?? new Map(),
    addressOf,
    onError: (error) => logger.error({ error }, "a request to a served API failed"),
  });
}

function openConsole({ consoleFolder, developmentKey, web = openSettings }: AppOptions) {
  if (consoleFolder === undefined || !web.console) return undefined;
  return ConsoleFiles.open({ folder: consoleFolder, developmentKey, graphiql: web.graphiql });
}

function wireCallbacks(
  { options, services, metrics }: Parts,
  addressOf: AddressOf,
  bodies: HeldBodies,
): ReturnType<typeof createCallbackRoute> {
  const { database, connections, clock } = services;
  return createCallbackRoute({
    connections,
    ingest: new CallbackIngest(database, new KeptBodies()),
    addressOf,
    bodies,
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
