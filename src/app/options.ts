import type { OperationLimits } from "../access/fair-shares.ts";
import type { SubscriptionLimits } from "../access/allowance.ts";
import type { ReaderLimits } from "../graphql/live/reader-limits.ts";
import type { WebSettings } from "../http/browser-guard.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { MessageRetention } from "../messages/changes/forget-messages.ts";
import type { HttpLimits } from "../providers/registry.ts";
import type { WebhookLimits } from "../webhooks/limits.ts";

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
  /** Where a process that is only a worker tells how it is. Absent: nowhere. */
  workerPort?: number | undefined;
  eventRetentionDays: number;
  /** Absent: messages and their texts are kept for ever. */
  retention?: MessageRetention;
  allowInsecureProviders: boolean;
  /** Whether providers may be in networks that only this machine can reach. */
  allowPrivateProviders: boolean;
  /** Counts connected providers only. */
  maxProvidersPerAccount: number;
  maxSegments: number;
  /** Whether webhooks may be posted over plain `http:`. */
  allowInsecureWebhooks: boolean;
  /** Whether webhooks may be in networks that only this machine can reach. */
  allowPrivateWebhooks: boolean;
  maxWebhooksPerAccount: number;
  /** What a worker spends on webhooks. */
  webhookLimits?: Partial<WebhookLimits>;
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
