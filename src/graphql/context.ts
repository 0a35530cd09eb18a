import DataLoader from "dataloader";
import type { Accounts } from "../accounts/accounts.ts";
import type { Quotas } from "../accounts/quotas.ts";
import type { Access } from "../access/access.ts";
import type { Viewer } from "../access/api-keys.ts";
import type { RateLimiter } from "../access/rate-limiter.ts";
import type { Clock } from "../lib/clock.ts";
import type { BalanceFeed } from "../connections/balance-feed.ts";
import type { CampaignFeed } from "../campaigns/feed.ts";
import { readProgress, type CampaignProgress } from "../campaigns/progress.ts";
import { readDuplicatesOf, type DuplicateRow } from "../campaigns/intake/duplicates.ts";
import { readRefusedOf, type RefusedRange } from "../campaigns/intake/refused.ts";
import type { BalanceWatch } from "../connections/refresh-balance.ts";
import type { Connector } from "../connections/connect.ts";
import type { ProviderFeed } from "../connections/provider-feed.ts";
import type { Connections } from "../connections/connections.ts";
import type { Database } from "../database/database.ts";
import { UnauthenticatedError, type RefusedRow } from "../lib/errors.ts";
import type { EventFeed } from "../messages/log/event-feed.ts";
import type { TimelineRange } from "../messages/log/timelines.ts";
import type { MessageSender } from "../messages/accept/send.ts";
import type { StoredRoute } from "../messages/model/stored-route.ts";
import type { RateBooks } from "../pricing/rates/rate-book.ts";
import type { RoutingTables } from "../pricing/routing/routing-tables.ts";
import type { Spending } from "../pricing/spending/spending.ts";
import type { ReceiptExpectations } from "../messages/statistics/expected-lag.ts";
import type { StatisticsFeed } from "../messages/statistics/feed.ts";
import type { Reads } from "./reads.ts";
import { readDeliveriesOf, type DeliveryRange } from "../webhooks/deliveries.ts";
import type { DeliveryRecord } from "../webhooks/ledger.ts";
import type { Webhooks } from "../webhooks/webhooks.ts";
import type { Streams } from "./streams.ts";
import type { LoggedEvent, Position } from "../messages/log/logged-event.ts";

/** The services that resolvers use. The composition root makes them once. */
export interface Services {
  database: Database;
  /** Reads that many requests need at the same time, combined into one statement. */
  reads: Reads;
  clock: Clock;
  feed: EventFeed;
  sender: MessageSender;
  connections: Connections;
  connector: Connector;
  streams: Streams;
  balances: BalanceFeed;
  access: Access;
  /** What only the operator may use. */
  accounts: Accounts;
  quotas: Quotas;
  /** What each key may do in a short time, in this process. */
  limiter: RateLimiter;
  rateBooks: RateBooks;
  routingTables: RoutingTables;
  spending: Spending;
  campaigns: CampaignFeed;
  /** Called once each time a balance falls below its provider's threshold. */
  onLowBalance: NonNullable<BalanceWatch["onLowBalance"]>;
  providers: ProviderFeed;
  statistics: StatisticsFeed;
  /** When receipts are overdue. */
  expectations: ReceiptExpectations;
  webhooks: Webhooks;
}

/** One page of one message's timeline. */
interface TimelinePage extends TimelineRange {
  messageId: string;
}

/** One page of the refused rows of one campaign. */
interface RefusedPage extends RefusedRange {
  campaignId: string;
}

/** One page of the deliveries of one webhook. */
interface DeliveryPage extends DeliveryRange {
  webhookId: string;
}

/** Messages of a campaign with the same key share one route. */
interface CampaignRouteKey {
  campaignId: string;
  providerId: string;
  country: string;
}

/** The context of one operation. */
export interface Context extends Services {
  viewer: Viewer | undefined;
  /** Position of the event log before this operation read anything. Answers give it out as their cursor. */
  readPosition: Position;
  timelines: DataLoader<TimelinePage, LoggedEvent[]>;
  campaignRoutes: DataLoader<CampaignRouteKey, StoredRoute | null>;
  campaignProgress: DataLoader<string, CampaignProgress>;
  refusedRecipients: DataLoader<RefusedPage, RefusedRow[]>;
  duplicateRecipients: DataLoader<RefusedPage, DuplicateRow[]>;
  webhookDeliveries: DataLoader<DeliveryPage, DeliveryRecord[]>;
  /** `Last-Event-ID`: the last cursor that the client of an event stream received. */
  lastEventId?: string | undefined;
}

export function createContext(services: Services, viewer: Viewer | undefined): Context {
  const readPosition = services.feed.position;
  const { database, reads } = services;
  const campaignProgress = new DataLoader((ids: readonly string[]) => readProgress(database, ids), batchOnly);
  const timelines = createTimelineLoader(reads);
  const campaignRoutes = createRouteLoader(database);
  const refusedRecipients = createRowLoader(database, readRefusedOf);
  return {
    ...services,
    viewer,
    readPosition,
    timelines,
    campaignProgress,
    campaignRoutes,
    refusedRecipients,
    duplicateRecipients: createRowLoader(database, readDuplicatesOf),
    webhookDeliveries: createDeliveryLoader(database),
  };
}

/** @throws UnauthenticatedError */
export function callerOf({ viewer }: Pick<Context, "viewer">): Viewer {
  if (!viewer) throw new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`.");
  return viewer;
}

/** The account of the caller. @throws UnauthenticatedError */
export const accountOf = (context: Pick<Context, "viewer">): string => callerOf(context).accountId;

/**
 * For loaders: combine loads that are requested together, but cache nothing. A subscription uses one context
 * for all its events, so a cache would show the first state forever.
 */
export const batchOnly = { cache: false } as const;

/** Loads the same page of many messages in one statement. */
const createTimelineLoader = (reads: Reads): Context["timelines"] =>
  new DataLoader((pages) => loadTimelines(reads, pages), batchOnly);

const createRouteLoader = ({ prisma }: Database): Context["campaignRoutes"] =>
  new DataLoader(async (keys) => {
    const campaignId = { in: [...new Set(keys.map((key) => key.campaignId))] };
    const rows = await prisma.campaignRoute.findMany({ where: { campaignId } });
    const found = new Map(rows.map((row) => [routeKey(row), row.route as unknown as StoredRoute]));
    return keys.map((key) => found.get(routeKey(key)) ?? null);
  }, batchOnly);

const routeKey = ({ campaignId, providerId, country }: CampaignRouteKey): string =>
  `${campaignId} ${providerId} ${country}`;

/** Loads the same page of many campaigns in one statement. */
const createRowLoader = <Row>(
  database: Database,
  read: (database: Database, campaignIds: string[], range: RefusedRange) => Promise<Row[][]>,
): DataLoader<RefusedPage, Row[]> =>
  new DataLoader(
    (pages) =>
      loadAlike(pages, async (group, range) => {
        const ids = group.map(({ campaignId }) => campaignId);
        return read(database, ids, range);
      }),
    batchOnly,
  );

/** Loads the same page of many webhooks in one statement. */
const createDeliveryLoader = (database: Database): Context["webhookDeliveries"] =>
  new DataLoader(
    (pages) =>
      loadAlike(pages, async (group, range) => {
        const ids = group.map(({ webhookId }) => webhookId);
        return readDeliveriesOf(database, ids, range);
      }),
    batchOnly,
  );

interface AnyRange {
  after?: bigint | number | undefined;
  before?: bigint | number | undefined;
  limit: number;
  inverted: boolean;
}

const rangeOf = ({ after, before, limit, inverted }: AnyRange): string =>
  `${after} ${before} ${limit} ${inverted}`;

/**
 * Combines loads of the same page range from different lists. `load` must answer in the order of its keys.
 */
async function loadAlike<Page extends AnyRange, Row>(
  pages: readonly Page[],
  load: (group: readonly Page[], range: Page) => Promise<readonly Row[][]>,
): Promise<Row[][]> {
  const loaded = new Map<Page, Row[]>();
  for (const group of Map.groupBy(pages, rangeOf).values()) {
    const [range] = group;
    if (!range) continue;
    const lists = await load(group, range);
    for (const [index, page] of group.entries()) loaded.set(page, lists[index] ?? []);
  }
  return pages.map((page) => loaded.get(page) ?? []);
}

const loadTimelines = (reads: Reads, pages: readonly TimelinePage[]): Promise<LoggedEvent[][]> =>
  loadAlike(pages, async (group, range) => {
    const ids = group.map(({ messageId }) => messageId);
    const timelines = await reads.timelines([...new Set(ids)], range);
    return ids.map((id) => timelines.get(id) ?? []);
  });
