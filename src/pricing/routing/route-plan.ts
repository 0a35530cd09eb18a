import type { Connection } from "../../connections/connections.ts";
import { requirementsKey, unmetRequirement, type UnmetRequirement } from "./capability-check.ts";
import { PolicyIndex, type RoutingPolicy } from "./policies.ts";
import { rank, type Candidate, type PriorityGroup } from "./ranking.ts";
import { fractionOf } from "./seed.ts";
import type { Standing } from "../../lanes/standing.ts";
import type { RefusedRoute, RouteDecision } from "./route-decision.ts";
import type { RouteRequest, RoutingTable } from "./routing-table.ts";

/** Decided once for all messages with the same requirements. */
export interface RoutePlan {
  groups: readonly PriorityGroup[];
  refused: readonly RefusedRoute[];
  decisions: Map<Candidate, RouteDecision>;
}

/** Values derived from a routing table on first use. */
interface Prepared {
  policies: PolicyIndex;
  /** The lowest segment limit of all providers: a text within it fits every one of them. */
  commonMaxSegments: number;
  onTrial: readonly { id: string; trust: number }[];
  plans: Map<string, RoutePlan>;
}

const preparedTables = new WeakMap<RoutingTable, Prepared>();

export const refusal = ({ row }: Connection, problem: UnmetRequirement): RefusedRoute => ({
  providerId: row.id,
  name: row.name,
  code: problem.code,
  reason: problem.reason,
  problem,
});

export function planFor(table: RoutingTable, request: RouteRequest): RoutePlan {
  const prepared = prepare(table);
  const policy = prepared.policies.find(request);
  const trials = prepared.onTrial.map(({ trust }) => Number(fractionOf(request.seed, "trust") < trust));
  const { country, mccmnc } = request;
  const policyIndex = policy ? table.policies.indexOf(policy) : "";
  const requirements = requirementsKey(request, prepared.commonMaxSegments);
  const key = `${country ?? ""} ${mccmnc ?? ""} ${policyIndex} ${trials.join("")} ${requirements}`;
  const known = prepared.plans.get(key);
  if (known) return known;
  const trusted = new Map(prepared.onTrial.map(({ id }, index) => [id, trials[index] === 1]));
  const plan = makePlan(table, request, policy, trusted);
  prepared.plans.set(key, plan);
  return plan;
}

function prepare(table: RoutingTable): Prepared {
  const known = preparedTables.get(table);
  if (known) return known;
  const prepared = {
    policies: new PolicyIndex(table.policies),
    commonMaxSegments: Math.min(...table.connections.map(({ adapter }) => adapter.capabilities.maxSegments)),
    onTrial: table.connections.flatMap(({ row: { id } }) => {
      const { trust } = table.standings.get(id) ?? unblemished;
      return trust > 0 && trust < 1 ? [{ id, trust }] : [];
    }),
    plans: new Map<string, RoutePlan>(),
  };
  preparedTables.set(table, prepared);
  return prepared;
}

const unblemished: Standing = { trust: 1, hasCredit: true };

function makePlan(
  table: RoutingTable,
  request: RouteRequest,
  policy: RoutingPolicy | undefined,
  trusted: ReadonlyMap<string, boolean>,
): RoutePlan {
  const refused = table.disabled.map(({ id: providerId, name }): RefusedRoute => ({
    providerId,
    name,
    code: "DISABLED",
    reason: "It is switched off; `updateProvider` switches it on.",
  }));
  for (const { id: providerId, name } of table.withheld ?? [])
    refused.push({ providerId, name, code: "NOT_FOR_KEY", reason: "The key may not send through it." });
  const currencies: string[] = [];
  const candidates: Candidate[] = [];
  for (const connection of table.connections) {
    const { id: providerId, name, priority } = connection.row;
    const allowed = policy?.routes.find((one) => one.providerId === providerId);
    const problem = unmetRequirement(connection, request);
    if (policy && !allowed) {
      const reason = "The routing policy of the destination does not name it.";
      refused.push({ providerId, name, code: "NOT_IN_POLICY", reason });
    } else if (problem) {
      refused.push(refusal(connection, problem));
    } else {
      const rate = table.book.find(providerId, request, table.now);
      if (rate && !currencies.includes(rate.currency)) currencies.push(rate.currency);
      const { trust, hasCredit } = table.standings.get(providerId) ?? unblemished;
      candidates.push({
        connection,
        rate,
        hasCredit,
        isHealthy: trusted.get(providerId) ?? trust > 0,
        priority: allowed?.priority ?? priority,
        weight: allowed?.weight ?? null,
        currency: rate ? currencies.indexOf(rate.currency) : 0,
      });
    }
  }
  return { groups: rank(candidates), refused, decisions: new Map() };
}
