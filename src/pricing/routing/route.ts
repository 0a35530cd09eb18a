import type { RoutingTable, RouteRequest } from "./routing-table.ts";
import type { RejectedRoute, RefusedRoute, RouteDecision } from "./route-decision.ts";
import type { Connection } from "../../connections/connections.ts";
import { senderOf, unmetRequirement, type UnmetRequirement } from "./capability-check.ts";
import { outrankedBy, pick, reasonFor, type Candidate } from "./ranking.ts";
import { planFor, refusal, type RoutePlan } from "./route-plan.ts";
import { fractionOf } from "./seed.ts";

export interface Routed {
  kind: "routed";
  connection: Connection;
  sender: string;
  decision: RouteDecision;
  /** Healthy and with credit. False: chosen only because no better one was available. */
  isSound: boolean;
}

export type RouteResult = Routed | { kind: "no_route"; rejected: RefusedRoute[] };

/**
 * Chooses the provider of a message. It must be able to carry the message and be allowed by the policy.
 * Providers with credit, healthy and with a rate are preferred; then priority, share and price decide. A pure
 * function of its arguments.
 */
export function route(table: RoutingTable, request: RouteRequest): RouteResult {
  const plan = planFor(table, request);
  const passed: RefusedRoute[] = [];
  for (const group of plan.groups) {
    const open = group.flatMap((candidate) => admit(candidate, request, passed));
    const taken = open.length > 1 ? choose(open, request.seed) : open[0];
    if (!taken) continue;
    const { candidate, sender } = taken;
    const { connection, hasCredit, isHealthy } = candidate;
    const decision = decide(plan, candidate, passed);
    return { kind: "routed", connection, sender, decision, isSound: hasCredit && isHealthy };
  }
  return { kind: "no_route", rejected: [...passed, ...plan.refused] };
}

/** The decision for a provider named by the caller. Policies do not apply to it. */
export function routeVia(
  { book, now }: RoutingTable,
  connection: Connection,
  request: RouteRequest,
): { sender: string; decision: RouteDecision } | { problem: UnmetRequirement } {
  const problem = unmetRequirement(connection, request);
  if (problem) return { problem };
  const chosen = senderOf(connection, request.sender, request.text);
  if ("problem" in chosen) return chosen;
  const { id: providerId, name } = connection.row;
  const rate = book.find(providerId, request, now);
  const decision = {
    providerId,
    name,
    reason: "The sender asked for this provider.",
    ...priced(rate),
    rejected: [],
  };
  return { sender: chosen.sender, decision };
}

interface OpenRoute {
  candidate: Candidate;
  sender: string;
}

/** Empty when the provider is excluded or does not take the sender; the reason is added to `passed`. */
function admit(candidate: Candidate, request: RouteRequest, passed: RefusedRoute[]): OpenRoute[] {
  const { connection } = candidate;
  const { id: providerId, name } = connection.row;
  if (request.excluded?.has(providerId) === true) {
    const reason = "It has been tried, and did not take the message.";
    passed.push({ providerId, name, code: "ALREADY_TRIED", reason });
    return [];
  }
  const chosen = senderOf(connection, request.sender, request.text);
  if ("sender" in chosen) return [{ candidate, sender: chosen.sender }];
  passed.push(refusal(connection, chosen.problem));
  return [];
}

function choose(open: readonly OpenRoute[], seed: string): OpenRoute | undefined {
  const candidate = pick(
    open.map((one) => one.candidate),
    fractionOf(seed, "share"),
  );
  return open.find((one) => one.candidate === candidate);
}

function decide(plan: RoutePlan, taken: Candidate, passed: readonly RefusedRoute[]): RouteDecision {
  const known = passed.length === 0 ? plan.decisions.get(taken) : undefined;
  if (known) return known;
  const gone = new Set(passed.map(({ providerId }) => providerId));
  const others = plan.groups.flat().filter((one) => one !== taken && !gone.has(one.connection.row.id));
  const outranked = others.map((other): RejectedRoute => ({
    providerId: other.connection.row.id,
    name: other.connection.row.name,
    ...outrankedBy(taken, other),
  }));
  const { id: providerId, name } = taken.connection.row;
  const decision: RouteDecision = {
    providerId,
    name,
    reason: reasonFor(taken, others),
    ...priced(taken.rate),
    rejected: [...outranked, ...[...passed, ...plan.refused].map(withoutProblem)],
  };
  if (passed.length === 0) plan.decisions.set(taken, decision);
  return decision;
}

const priced = (rate: Candidate["rate"]): Pick<RouteDecision, "price" | "currency" | "mccmnc"> => ({
  price: rate?.price ?? null,
  currency: rate?.currency ?? null,
  mccmnc: rate?.mccmnc ?? null,
});

const withoutProblem = ({ problem: _problem, ...rejected }: RefusedRoute): RejectedRoute => rejected;
