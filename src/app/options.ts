import type { VendorName } from "../compat/frame/route.ts";
import type { OperationLimits } from "../access/fair-shares.ts";
import type { QuotaLimits } from "../accounts/quotas.ts";
import type { SubscriptionLimits } from "../access/allowance.ts";
import type { RateLimits } from "../access/rate-limits.ts";
import type { Services } from "../graphql/context.ts";
import type { ReaderLimits } from "../graphql/live/reader-limits.ts";
import type { HeldLimits } from "../http/held-bodies.ts";
import type { WebSettings } from "../http/browser-guard.ts";
import type { AddressRange } from "../lib/address-ranges.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { NatsSettings } from "../messages/jetstream/settings.ts";
import type { MessageRetention } from "../messages/changes/forget-messages.ts";
import type { HttpLimits } from "../providers/registry.ts";
import type { WebhookLimits } from "../webhooks/limits.ts";

export interface AppOptions {
  databaseUrl: string;
  databasePoolSize: number;
  /** A replica that answers queries. Absent: the database does. */
  databaseReadUrl?: string | undefined;
  /** 32 bytes. */
  secretKey: Uint8Array;
  /** Keys that are read as well, while one replaces another. */
  otherSecretKeys?: readonly Uint8Array[];
  /** The key of those who run the installation; absent: none. */
  operatorKey?: string | undefined;
  /** Whether only documents are executed that `npm run trust` stored. Absent: any. */
  trustedDocumentsOnly?: boolean;
  /** Whether messages and costs by month are kept of a deleted account. Absent: they are. */
  keepsDeletedTotals?: boolean;
  host: string;
  port: number;
  publicUrl: string | undefined;
  runsApi: boolean;
  runsWorker: boolean;
  workerConcurrency: number;
  /** Where a process that is only a worker tells how it is. Absent: nowhere. */
  workerPort?: number | undefined;
  eventRetentionDays: number;
  /** Absent: messages and their texts are kept for ever. */
  retention?: MessageRetention;
  allowInsecureProviders: boolean;
  /** Whether providers may be in networks that only this machine can reach. */
  allowPrivateProviders: boolean;
  /** Host names at whose root one of the served APIs of other vendors is. */
  compatHosts?: ReadonlyMap<string, VendorName>;
  /** Counts connected providers only. */
  maxProvidersPerAccount: number;
  maxSegments: number;
  /** Where the live tier is. Absent: PostgreSQL. */
  nats?: NatsSettings | undefined;
  /** Whether webhooks may be posted over plain `http:`. */
  allowInsecureWebhooks: boolean;
  /** Whether webhooks may be in networks that only this machine can reach. */
  allowPrivateWebhooks: boolean;
  maxWebhooksPerAccount: number;
  /** What a worker spends on webhooks. */
  webhookLimits?: Partial<WebhookLimits>;
  developmentKey: string | undefined;
  /** Awaited when the API listens, before jobs are done. */
  beforeJobs?: (services: Services) => Promise<void>;
  /** Where the built files of the console are. Absent: there is no console. */
  consoleFolder?: string | undefined;
  /** What pages and people without a key get to see; absent: as in development. */
  web?: WebSettings;
  /** The proxies in front of us whose `X-Forwarded-For` counts. */
  trustedProxies?: readonly AddressRange[];
  /** How long entries of the audit log are kept; absent: for ever. */
  auditRetentionDays?: number | undefined;
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
  /** How much an account may have; absent: the usual. */
  quotas?: Partial<QuotaLimits>;
  /** How much each key may do in a second; absent: as much as it can. */
  rateLimits?: RateLimits;
  /** How many operations may run at once. */
  operationLimits?: OperationLimits;
  /** How many bytes of bodies may be held. */
  heldLimits?: HeldLimits;
  /** Time between two pings of a WebSocket, and how long the answer may take. */
  keepAliveMs?: number;
}
