import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import { route, type Routed } from "../../pricing/routing/route.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import { faultOf, type Fault } from "../../providers/failure-codes.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import type { DispatchMessage } from "./dispatch-message.ts";
import type { Rerouting } from "../model/evolve.ts";
import { costOf, storedRoute } from "../accept/choose-route.ts";
import type { StatusChange } from "../model/status-change.ts";
import { measure } from "../../sms/text.ts";
import { applyChanges } from "../changes/transition.ts";
import { validityMinutes } from "../model/validity.ts";
import type { RouteRequest, RoutingTable } from "../../pricing/routing/routing-table.ts";

/** Where a message goes that its provider did not accept. */
export interface NextRoute {
  rerouting: Rerouting;
  /** The provider's name. */
  name: string;
  /**
   * True for a provider that has not tried it yet: it goes there at once. Otherwise it goes there after the
   * usual pause.
   */
  isImmediate: boolean;
}

interface FailoverOptions {
  database: Database;
  routingTables: RoutingTables;
  clock: Clock;
}

/** Failover needs the present state of the providers, so routing tables may be only this old. */
const staleMs = 100;

const readCampaignRoutes: Statement = {
  name: "read_what_limits_routes_of_campaigns",
  text: `
    select campaign_id as id, bool_or(route ->> 'senderGiven' = 'false') as "isFree",
      (array_agg(route -> 'within'))[1] as within
    from campaign_routes
    where campaign_id = any ($1::uuid[])
    group by campaign_id`,
};

interface CampaignRoutes {
  id: string;
  isFree: boolean;
  within: string[] | null;
}

/**
 * Finds other providers for messages that theirs did not accept, and moves waiting ones away from a closed
 * lane.
 */
export class Failover {
  readonly #options: FailoverOptions;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /**
   * Where messages go after an attempt, by message id. Only messages that routing placed, and only when they
   * are proven not accepted for a reason outside the message, or when their sender allows duplicates. The
   * others stay where they are.
   */
  async after(
    attempts: readonly { message: DispatchMessage; outcome: SubmitOutcome }[],
  ): Promise<Map<string, NextRoute>> {
    const movable = attempts.filter(({ message, outcome }) => mayMove(message, outcome));
    const messages = await this.#withSenders(movable.map(({ message }) => message));
    const tables = await this.#tablesOf(messages);
    return new Map(
      messages.flatMap((message, index) => {
        const next = nextRoute(tables.get(message.accountId), message, this.#options.clock.now());
        return next && (next.isImmediate || movable[index]?.outcome.kind === "retryable")
          ? [[message.id, next] as const]
          : [];
      }),
    );
  }

  /**
   * Moves messages that wait for a provider which accepts none at present. Returns the ids of those that were
   * moved: they need a dispatch job for their new lane. The others have no better route, or are no longer
   * waiting.
   */
  async moveOn(messages: readonly DispatchMessage[], why: string): Promise<Set<string>> {
    const routed = await this.#withSenders(messages.filter((message) => message.routed));
    const tables = await this.#tablesOf(routed);
    const now = this.#options.clock.now();
    const changes = routed.flatMap((message): StatusChange[] => {
      const table = tables.get(message.accountId);
      const found = table && soundRoute(table, message, new Set([message.providerId]), now);
      if (!found) return [];
      const base = { messageId: message.id, source: "DISPATCH", receivedAt: now } as const;
      const { id: messageId, providerId } = message;
      const move = {
        ...base,
        messageId,
        providerId,
        status: "QUEUED",
        onlyFrom: ["QUEUED"],
        // The campaign has already passed this message. With this time set, it finds the message like one
        // that was put back.
        retryAt: message.campaignId === null ? undefined : now,
        rerouting: toRerouting(found, message),
        detail: `${why} It goes to ${found.connection.row.name} instead: ${found.decision.reason}`,
      } as const;
      const isDue = message.status === "SCHEDULED";
      return isDue ? [{ ...base, providerId, status: "QUEUED", onlyFrom: ["SCHEDULED"] }, move] : [move];
    });
    if (changes.length === 0) return new Set();
    const outcomes = await this.#options.database.transaction((transaction) =>
      applyChanges(transaction, changes),
    );
    return new Set(
      outcomes.flatMap((outcome) => {
        const { messageId, rerouting } = outcome.change;
        return outcome.kind === "taken" && outcome.applied && rerouting ? [messageId] : [];
      }),
    );
  }

  /**
   * The route of a campaign's message is stored with the campaign. Only there it is recorded whether the
   * caller named the sender ID, and which providers its key was restricted to.
   */
  async #withSenders(messages: readonly DispatchMessage[]): Promise<readonly DispatchMessage[]> {
    const ids = new Set(messages.flatMap(({ campaignId }) => campaignId ?? []));
    if (ids.size === 0) return messages;
    const rows = await this.#options.database.query<CampaignRoutes>(readCampaignRoutes, [[...ids]]);
    const campaigns = new Map(rows.map((row) => [row.id, row]));
    return messages.map((message) => {
      const routes = campaigns.get(message.campaignId ?? "");
      if (!routes) return message;
      const { isFree, within } = routes;
      return { ...message, within, senderGiven: message.senderGiven && !isFree };
    });
  }

  async #tablesOf(messages: readonly DispatchMessage[]): Promise<Map<string, RoutingTable>> {
    const accountIds = [...new Set(messages.map(({ accountId }) => accountId))];
    const tables = accountIds.map(
      async (id) => [id, await this.#options.routingTables.of(id, staleMs)] as const,
    );
    return new Map(await Promise.all(tables));
  }
}

/** For any other reason, other providers would refuse the message too, or the reason is unknown. */
const othersMayTakeIt: ReadonlySet<Fault> = new Set<Fault>(["CONNECTION", "PROVIDER"]);

function mayMove({ routed, duplicatePolicy }: DispatchMessage, outcome: SubmitOutcome): boolean {
  if (!routed) return false;
  if (outcome.kind === "rejected") return othersMayTakeIt.has(faultOf(outcome.failure.code));
  return (
    outcome.kind === "retryable" ||
    (outcome.kind === "ambiguous" && duplicatePolicy === "ALLOW_POSSIBLE_DUPLICATE")
  );
}

/** First a provider that has not tried it; when all have, the best except the one that has just refused. */
function nextRoute(
  table: RoutingTable | undefined,
  message: DispatchMessage,
  now: Date,
): NextRoute | undefined {
  if (!table) return undefined;
  const { providerId, triedProviders } = message;
  const untried = soundRoute(table, message, new Set([providerId, ...triedProviders]), now);
  const found = untried ?? soundRoute(table, message, new Set([providerId]), now);
  if (!found) return undefined;
  const { name } = found.connection.row;
  return { rerouting: toRerouting(found, message), name, isImmediate: untried !== undefined };
}

/** Only to a provider without trouble of its own: any other would not help. */
function soundRoute(
  table: RoutingTable,
  message: DispatchMessage,
  excluded: ReadonlySet<string>,
  now: Date,
): Routed | undefined {
  const result = route(table, requestOf(message, new Set([...excluded, ...beyond(table, message)]), now));
  return result.kind === "routed" && result.isSound ? result : undefined;
}

/** Providers that the key of its sender might not use. */
const beyond = ({ connections }: RoutingTable, { within }: DispatchMessage): string[] =>
  within === null ? [] : connections.map(({ row }) => row.id).filter((id) => !within.includes(id));

function requestOf(message: DispatchMessage, excluded: ReadonlySet<string>, now: Date): RouteRequest {
  const { recipient, country, mccmnc, text, encoding, segments, flash, cadenceGroupId, dltTemplateId } =
    message;
  return {
    to: recipient,
    country,
    mccmnc,
    sender: message.senderGiven ? message.sender : null,
    text,
    encoding,
    segments,
    flash,
    forcesUnicode: encoding === "UCS2" && measure(text).encoding === "GSM7",
    validityMinutes: validityMinutes(message.validUntil, now),
    cadenceGroupId,
    dltTemplateId,
    excluded,
    seed: recipient,
  };
}

function toRerouting({ connection, sender, decision }: Routed, message: DispatchMessage): Rerouting {
  const cost = costOf(decision, message.segments);
  return {
    providerId: connection.row.id,
    sender,
    route: storedRoute(decision, message.senderGiven, message.within ?? undefined),
    estimatedCost: cost?.amount ?? null,
    estimatedCurrency: cost?.currency ?? null,
  };
}
