import type { Access } from "../../access/access.ts";
import type { FairShares } from "../../access/fair-shares.ts";
import type { RateLimiter } from "../../access/rate-limiter.ts";
import type { Quotas } from "../../accounts/quotas.ts";
import type { Connections } from "../../connections/connections.ts";
import type { Database } from "../../database/database.ts";
import type { NumberedIds } from "../known/ids.ts";
import type { HeldBodies } from "../../http/held-bodies.ts";
import type { Clock } from "../../lib/clock.ts";
import type { MessageSender } from "../../messages/accept/send.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";

/** What the served APIs do their work with: the same as GraphQL. */
export interface CompatServices {
  database: Database;
  clock: Clock;
  access: Access;
  limiter: RateLimiter;
  shares: FairShares;
  quotas: Quotas;
  sender: MessageSender;
  routingTables: RoutingTables;
  spending: Spending;
  connections: Connections;
  bodies: HeldBodies;
  ids: NumberedIds;
  /** Whether addresses for receipts may begin with `http:`, and be in networks that only this machine can reach. */
  allowInsecure: boolean;
  allowPrivate: boolean;
}
