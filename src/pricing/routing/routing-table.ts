import type { Connection } from "../../connections/connections.ts";
import type { Standing } from "../../lanes/standing.ts";
import type { RateBook } from "../rates/rate-book.ts";
import type { SpendingLimits } from "../spending/limits.ts";
import type { Requirements } from "./capability-check.ts";
import type { RoutedDestination, RoutingPolicy } from "./policies.ts";

/** Everything routing decides on: read once for a call, or for a chunk of a campaign. */
export interface RoutingTable {
  /** Enabled ones, the preferred first. */
  connections: readonly Connection[];
  /** Connected ones that are switched off: only to say so. */
  disabled: readonly { id: string; name: string }[];
  /** By provider id; a provider without one is trusted and has credit. */
  standings: ReadonlyMap<string, Standing>;
  policies: readonly RoutingPolicy[];
  book: RateBook;
  limits: SpendingLimits;
  /** Segments of one message at most, whoever carries it. */
  maxSegments: number;
  /** When it was read: rates count as of then. */
  now: Date;
}

export interface RouteRequest extends RoutedDestination, Requirements {
  /** Given by the caller; absent: each provider's default sender. */
  sender?: string | null | undefined;
  /** Providers not to be taken, as those that have just refused the message. */
  excluded?: ReadonlySet<string> | undefined;
  /**
   * Decides among providers that share traffic, always the same way. The recipient's number serves best: a quote then
   * says what sending does, and a recipient keeps his provider.
   */
  seed: string;
}
