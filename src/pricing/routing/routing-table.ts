import type { Connection } from "../../connections/connections.ts";
import type { Standing } from "../../lanes/standing.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import type { RateBook } from "../rates/rate-book.ts";
import type { SpendingLimits } from "../spending/limits.ts";
import type { Requirements } from "./capability-check.ts";
import type { SendingSettings } from "../../sending-settings/settings.ts";
import type { RoutedDestination, RoutingPolicy } from "./policies.ts";

/** All data that routing decides on. Read once for a call, or for a batch of a campaign. */
export interface RoutingTable {
  /** The enabled ones, the preferred first. */
  connections: readonly Connection[];
  /** Connected ones that are switched off; used only to explain why they were not chosen. */
  disabled: readonly { id: string; name: string }[];
  /** By provider id. A provider without an entry is healthy and has credit. */
  standings: ReadonlyMap<string, Standing>;
  policies: readonly RoutingPolicy[];
  book: RateBook;
  limits: SpendingLimits;
  settings: SendingSettings;
  /** Maximum segments of one message, with any provider. */
  maxSegments: number;
  /** What the calling key may send through, as and to; absent: everything. */
  within?: SendRestrictions | undefined;
  /** Providers that the calling key may not use; only to explain why they were not chosen. */
  withheld?: readonly { id: string; name: string }[];
  /** When the table was read; rates are those of this time. */
  now: Date;
}

export interface RouteRequest extends RoutedDestination, Requirements {
  text: string;
  /** The caller's sender ID. Absent: each provider's default sender. */
  sender?: string | null | undefined;
  /** Providers to skip, for example because they have just refused the message. */
  excluded?: ReadonlySet<string> | undefined;
  /**
   * Decides among providers that share traffic; equal seeds give equal choices. Use the recipient's number:
   * then sending does what a quote says, and a recipient stays with the same provider.
   */
  seed: string;
}
