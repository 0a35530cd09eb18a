import type { Connection } from "../../connections/connections.ts";
import {
  InvalidInputError,
  InvalidSenderError,
  InvalidTextError,
  KeyRestrictedError,
  NoRouteError,
  NotFoundError,
  UnsupportedFeatureError,
  type DomainError,
} from "../../lib/errors.ts";
import { featureAdvice, type UnmetRequirement } from "../../pricing/routing/capability-check.ts";
import { multiply, type Amount } from "../../lib/money.ts";
import { route, routeVia } from "../../pricing/routing/route.ts";
import type { E164 } from "../../providers/provider.ts";
import type { StoredRoute } from "../model/stored-route.ts";
import type { RefusedRoute, RouteDecision } from "../../pricing/routing/route-decision.ts";
import type { RouteRequest, RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { Content, SendInput } from "./send-input.ts";

/** Which provider a message goes through, with which sender ID, and for how much. */
export interface MessageRoute {
  connection: Connection;
  sender: string;
  route: StoredRoute;
  /** Undefined without a rate. */
  cost: Amount | undefined;
}

/** Chooses the provider that the caller names, otherwise the one that routing chooses. @throws DomainError */
export function routeMessage(
  table: RoutingTable,
  input: SendInput,
  to: E164,
  country: string | null,
  content: Content,
): MessageRoute {
  const sender = allowedSender(table, input.from);
  checkProvider(table, input.providerId);
  const { flash, validityMinutes, cadenceGroupId, dltTemplateId, providerId } = input;
  const wishes = { sender, flash: flash ?? false, validityMinutes, cadenceGroupId, dltTemplateId };
  const request = { to, country, ...content, ...wishes, seed: to };
  const chosen = providerId == null ? choose(table, request) : chooseNamed(table, request, providerId);
  const { decision } = chosen;
  return {
    connection: chosen.connection,
    sender: chosen.sender,
    route: storedRoute(decision, sender != null, table.within?.providerIds),
    cost: costOf(decision, content.segments),
  };
}

/** The sender, which a restricted key must name where it may use several. @throws KeyRestrictedError */
function allowedSender({ within }: RoutingTable, from: string | null | undefined): string | null | undefined {
  const senders = within?.senders;
  if (!senders) return from;
  const sender = from ?? (senders.length === 1 ? senders[0] : undefined);
  if (sender !== undefined && senders.includes(sender)) return sender;
  const allowed = senders.slice(0, 10).map((one) => JSON.stringify(one));
  throw new KeyRestrictedError(
    "SENDER",
    `The key may send only as ${allowed.join(", ")}: name one as \`from\`.`,
  );
}

/** @throws KeyRestrictedError */
function checkProvider({ within, withheld }: RoutingTable, providerId: string | null | undefined): void {
  if (providerId == null || within?.providerIds?.includes(providerId) !== false) return;
  const provider = withheld?.find(({ id }) => id === providerId);
  if (provider) throw new KeyRestrictedError("PROVIDER", `The key may not send through ${provider.name}.`);
}

interface ChosenRoute {
  connection: Connection;
  sender: string;
  decision: RouteDecision;
}

function choose(table: RoutingTable, request: RouteRequest): ChosenRoute {
  const result = route(table, request);
  if (result.kind === "routed") return result;
  throw noRoute(result.rejected);
}

function chooseNamed(table: RoutingTable, request: RouteRequest, providerId: string): ChosenRoute {
  const connection = table.connections.find(({ row }) => row.id === providerId);
  if (!connection) throw new NotFoundError("Provider", providerId, "enabled provider");
  const chosen = routeVia(table, connection, request);
  if ("problem" in chosen) throw toError(chosen.problem, connection.row.name);
  return { connection, ...chosen };
}

const routesWithSender = new WeakMap<RouteDecision, StoredRoute>();
const routesWithoutSender = new WeakMap<RouteDecision, StoredRoute>();

/** One object for all messages with the same decision. */
export function storedRoute(
  decision: RouteDecision,
  senderGiven: boolean,
  within?: readonly string[],
): StoredRoute {
  const shared = senderGiven ? routesWithSender : routesWithoutSender;
  const known = shared.get(decision);
  if (known) return known;
  const stored = { ...decision, senderGiven, ...(within && { within }) };
  shared.set(decision, stored);
  return stored;
}

const costs = new WeakMap<RouteDecision, Map<number, Amount>>();

/** Computed once for all messages with the same decision and number of segments. */
export function costOf(decision: RouteDecision, segments: number): Amount | undefined {
  const { price, currency } = decision;
  if (price === null || currency === null) return undefined;
  const bySegments = costs.get(decision) ?? new Map<number, Amount>();
  costs.set(decision, bySegments);
  const cost = bySegments.get(segments) ?? { amount: multiply(price, segments), currency };
  bySegments.set(segments, cost);
  return cost;
}

/**
 * Gives the specific error when every provider in question refuses because of something that the caller can
 * correct.
 */
function noRoute(rejected: readonly RefusedRoute[]): DomainError {
  if (rejected.length === 0) {
    return new NoRouteError("No provider is connected and enabled. Connect one with `connectProvider`.");
  }
  if (rejected.every(({ code }) => code === "NOT_FOR_KEY"))
    throw new KeyRestrictedError("PROVIDER", "None of the providers that the key may use is enabled.");
  const considered = rejected.filter(
    ({ code }) => code !== "DISABLED" && code !== "NOT_IN_POLICY" && code !== "NOT_FOR_KEY",
  );
  const [first] = considered;
  if (first?.problem && considered.every(({ code }) => ownFaults.has(code))) {
    return toError(first.problem, first.name);
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`);
  return new NoRouteError(
    `No connected provider can carry this message. ${reasons.join(" ")}`,
    rejected.map(({ providerId, name, code, reason }) => ({ providerId, name, code, reason })),
  );
}

/** Codes of refusals that the caller can correct in the input. */
const ownFaults: ReadonlySet<string> = new Set(["TEXT_TOO_LONG", "INVALID_VALIDITY", "SENDER_NOT_ALLOWED"]);

function toError(problem: UnmetRequirement, provider: string): DomainError {
  switch (problem.code) {
    case "UNSUPPORTED_FEATURE":
      return new UnsupportedFeatureError(problem.feature, provider, featureAdvice);
    case "TEXT_TOO_LONG":
      return new InvalidTextError(problem.reason, problem.segments, problem.maxSegments);
    case "INVALID_VALIDITY":
      return new InvalidInputError("validityMinutes", problem.reason);
    case "SENDER_NOT_ALLOWED":
      return new InvalidSenderError(problem.reason, problem.sender);
  }
}
