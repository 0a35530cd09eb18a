import { Accounts } from "../accounts/accounts.ts";
import { defaultQuotas, Quotas } from "../accounts/quotas.ts";
import { Access } from "../access/access.ts";
import { RateLimiter } from "../access/rate-limiter.ts";
import { CampaignFeed } from "../campaigns/feed.ts";
import { BalanceFeed } from "../connections/balance-feed.ts";
import type { BalanceWatch } from "../connections/refresh-balance.ts";
import { Connections } from "../connections/connections.ts";
import { Connector } from "../connections/connect.ts";
import { isQueuedInSql } from "../messages/model/status.ts";
import { ProviderFeed } from "../connections/provider-feed.ts";
import { createSecretBox } from "../connections/secret-box.ts";
import type { Services } from "../graphql/context.ts";
import { Reads } from "../graphql/reads.ts";
import { Streams } from "../graphql/streams.ts";
import type { Clock } from "../lib/clock.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { Stops } from "../lib/shutdown.ts";
import { MessageSender } from "../messages/accept/send.ts";
import { EventFeed } from "../messages/log/event-feed.ts";
import { LogTail } from "../messages/log/log-tail.ts";
import { ReceiptExpectations } from "../messages/statistics/expected-lag.ts";
import { StatisticsFeed } from "../messages/statistics/feed.ts";
import { MissingRates } from "../pricing/rates/missing-rates.ts";
import { RateBooks } from "../pricing/rates/rate-book.ts";
import { RoutingTables } from "../pricing/routing/routing-tables.ts";
import { Spending } from "../pricing/spending/spending.ts";
import { defaultWebhookLimits } from "../webhooks/limits.ts";
import { Webhooks } from "../webhooks/webhooks.ts";
import type { AppOptions } from "./options.ts";
import type { OwnUrl } from "./own-url.ts";
import type { Stores } from "./stores.ts";

/** What the domain is wired from. */
interface Ground extends Stores {
  options: AppOptions;
  clock: Clock;
  metrics: Metrics;
  url: OwnUrl;
}

/** The services of the domain, ready to be used by the API and the worker. */
export async function wireDomain(ground: Ground, stops: Stops): Promise<Services> {
  const { options, database, clock, onUnreachable } = ground;
  const connecting = await wireConnections(ground, stops);
  const live = wireFeeds(ground, stops);
  const accepting = await wireAccepting(ground, connecting.connections);
  const { secretKey, otherSecretKeys, operatorKey } = options;
  const access = new Access({ database, secretKey, otherSecretKeys, operatorKey, onError: onUnreachable });
  stops.push(() => access.close());
  const webhooks = wireWebhooks(ground);
  stops.push(() => webhooks.close());
  return {
    database,
    clock,
    reads: new Reads(database),
    expectations: new ReceiptExpectations(database, clock),
    access,
    quotas: new Quotas(database, {
      ...defaultQuotas,
      ...options.quotas,
      PROVIDERS: options.maxProvidersPerAccount,
      WEBHOOKS: options.maxWebhooksPerAccount,
    }),
    accounts: new Accounts(database, options.keepsDeletedTotals ?? true),
    limiter: new RateLimiter(options.rateLimits ?? {}),
    webhooks,
    onLowBalance: warnOfLowBalance(ground),
    ...connecting,
    ...live,
    ...accepting,
  };
}

function wireWebhooks({ options, database, clock }: Ground): Webhooks {
  const { allowInsecureWebhooks, allowPrivateWebhooks, maxWebhooksPerAccount } = options;
  return new Webhooks({
    database,
    box: createSecretBox(options.secretKey, options.otherSecretKeys),
    clock,
    limits: { ...defaultWebhookLimits, ...options.webhookLimits },
    allowInsecureWebhooks,
    allowPrivateWebhooks,
    maxWebhooksPerAccount,
  });
}

async function wireConnections(
  { options, database, listener, clock, url }: Ground,
  stops: Stops,
): Promise<Pick<Services, "connections" | "connector">> {
  const { allowInsecureProviders, allowPrivateProviders, maxProvidersPerAccount } = options;
  const connections = new Connections(
    database,
    createSecretBox(options.secretKey, options.otherSecretKeys),
    () => url.current,
    { publicOnly: !allowPrivateProviders, ...options.providerLimits },
    clock,
  );
  await connections.checkKey();
  await connections.watch(listener);
  stops.push(() => connections.close());
  const connector = new Connector({
    database,
    connections,
    clock,
    allowInsecureProviders,
    allowPrivateProviders,
    maxProvidersPerAccount,
  });
  return { connections, connector };
}

function wireFeeds(
  { database, clock, metrics, liveTier, onUnreachable }: Ground,
  stops: Stops,
): Pick<Services, "feed" | "balances" | "providers" | "campaigns" | "statistics" | "streams"> {
  const tail = new LogTail(database, { onError: onUnreachable });
  const told = { onRepair: () => metrics.liveRepairs.inc() };
  const feed = new EventFeed(liveTier?.source(database, tail, told) ?? tail, {
    onEvents: (events) => observeLag(metrics, clock, events),
  });
  stops.push(() => feed.close());
  return {
    feed,
    balances: new BalanceFeed(database),
    providers: new ProviderFeed(database, isQueuedInSql),
    campaigns: new CampaignFeed(database),
    statistics: new StatisticsFeed(database, clock),
    streams: new Streams(),
  };
}

function observeLag(metrics: Metrics, clock: Clock, events: readonly { receivedAt: Date }[]): void {
  const oldest = Math.min(...events.map(({ receivedAt }) => receivedAt.getTime()));
  metrics.eventLag.observe(Math.max(0, clock.now().getTime() - oldest) / 1000);
}

/** What checks, routes, prices and stores messages. */
async function wireAccepting(
  { options, database, listener, clock }: Ground,
  connections: Connections,
): Promise<Pick<Services, "rateBooks" | "routingTables" | "spending" | "sender">> {
  const { logger, maxSegments } = options;
  const rateBooks = new RateBooks(database, clock);
  await rateBooks.watch(listener);
  const missingRates = new MissingRates(database, clock, (error) =>
    logger.warn({ error }, "could not note that a rate is wanted"),
  );
  const routingTables = new RoutingTables({ database, connections, rateBooks, clock, maxSegments });
  await routingTables.watch(listener);
  const spending = new Spending(database, clock);
  const sender = new MessageSender({ database, routingTables, spending, missingRates, clock });
  return { rateBooks, routingTables, spending, sender };
}

const warnOfLowBalance =
  ({ options: { logger }, metrics }: Ground): NonNullable<BalanceWatch["onLowBalance"]> =>
  ({ id: providerId, kind, name, lowBalance }, { amount, units, currency }) => {
    metrics.lowBalances.inc({ provider: kind });
    const balance = { amount, units, currency, lowBalance };
    logger.warn({ providerId, name, ...balance }, "the balance of a provider is below its threshold");
  };
