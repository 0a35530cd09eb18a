import type { LiveTier } from "../messages/jetstream/live-tier.ts";
import type { ReadReplica } from "../database/read-replica.ts";
import type { Listener } from "../database/listener.ts";
import type { Services } from "../graphql/context.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { AppOptions } from "./options.ts";

/** What the API and the worker are started from. */
export interface Parts {
  options: AppOptions;
  services: Services;
  metrics: Metrics;
  listener: Listener;
  liveTier: LiveTier | undefined;
  replica: ReadReplica | undefined;
}
