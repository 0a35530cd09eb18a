import { recordAudit } from "../../audit/record.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import { InvalidInputError, NotFoundError } from "../../lib/errors.ts";
import { checkCountry } from "../rates/check-country.ts";
import { parseNetwork } from "../rates/networks.ts";
import type { PolicyRoute, RoutingPolicy } from "./policies.ts";
import { type RoutingTables } from "./routing-tables.ts";
import { routingChannel } from "../spending/limits.ts";

/** A policy as the caller gives it; absent fields do not restrict. */
interface PolicyInput {
  countries?: readonly string[] | null | undefined;
  mccs?: readonly string[] | null | undefined;
  prefixes?: readonly string[] | null | undefined;
  routes: readonly {
    providerId: string;
    priority?: number | null | undefined;
    weight?: number | null | undefined;
  }[];
}

interface PolicySettingsOptions {
  database: Database;
  routingTables: RoutingTables;
  clock: Clock;
}

const maxPolicies = 500;
const maxWeight = 1_000_000;

const save: Statement = {
  name: "save_routing_policies",
  text: `
    with saved as (
      insert into routing_policies (account_id, policies, updated_at) values ($1, $2, $3)
      on conflict (account_id) do update set policies = excluded.policies, updated_at = excluded.updated_at
    )
    select pg_notify('${routingChannel}', ''), (select policies from routing_policies where account_id = $1)`,
};

/**
 * Replaces all policies of an account. When several match equally well, the first in the list wins.
 * @throws InvalidInputError
 * @throws NotFoundError
 */
export async function setPolicies(
  { database, routingTables, clock }: PolicySettingsOptions,
  accountId: string,
  inputs: readonly PolicyInput[],
): Promise<RoutingPolicy[]> {
  if (inputs.length > maxPolicies) {
    throw new InvalidInputError("policies", `Give at most ${maxPolicies} policies, not ${inputs.length}.`);
  }
  const rows = await database.prisma.provider.findMany({
    where: { accountId, disconnectedAt: null },
    select: { id: true },
  });
  const known = new Set(rows.map(({ id }) => id));
  const policies = inputs.map((input, index) => checkPolicy(input, `policies.${index}`, known));
  await database.transaction(async (transaction) => {
    const values = [accountId, JSON.stringify(policies), clock.now()];
    const [before] = await transaction.query<{ policies: RoutingPolicy[] | null }>(save, values);
    await recordAudit(transaction, {
      accountId,
      action: "ROUTING_POLICIES_SET",
      before: { policies: before?.policies ?? [] },
      after: { policies },
    });
  });
  routingTables.changed(accountId);
  return policies;
}

function checkPolicy(input: PolicyInput, field: string, known: ReadonlySet<string>): RoutingPolicy {
  if (input.routes.length === 0) {
    throw new InvalidInputError(
      `${field}.routes`,
      `\`${field}.routes\` names no provider. Give at least one.`,
    );
  }
  return {
    countries: (input.countries ?? []).map((one, index) => checkCountry(one, `${field}.countries.${index}`)),
    mccs: (input.mccs ?? []).map((one, index) => checkMcc(one, `${field}.mccs.${index}`)),
    prefixes: (input.prefixes ?? []).map((one, index) => checkPrefix(one, `${field}.prefixes.${index}`)),
    routes: input.routes.map((one, index) =>
      checkRoute(one, input.routes, `${field}.routes.${index}`, known),
    ),
  };
}

function checkMcc(text: string, field: string): string {
  if (parseNetwork(text)) return text.trim();
  throw new InvalidInputError(
    field,
    `\`${field}\`: ${JSON.stringify(text)} is no mobile country code. Write 231, or 23101 for one network.`,
  );
}

function checkPrefix(text: string, field: string): string {
  const digits = text.trim().replace(/^\+/, "");
  if (/^[1-9]\d{0,14}$/.test(digits)) return digits;
  throw new InvalidInputError(
    field,
    `\`${field}\`: ${JSON.stringify(text)} does not begin a number. Write +421 or +421901.`,
  );
}

function checkRoute(
  { providerId, priority = null, weight = null }: PolicyInput["routes"][number],
  all: PolicyInput["routes"],
  field: string,
  known: ReadonlySet<string>,
): PolicyRoute {
  if (!known.has(providerId)) throw new NotFoundError("Provider", providerId, "connected provider");
  if (all.filter((one) => one.providerId === providerId).length > 1) {
    throw new InvalidInputError(
      `${field}.providerId`,
      `\`${field}.providerId\` is named twice in its policy.`,
    );
  }
  if (weight !== null && (weight < 0 || weight > maxWeight)) {
    const advice = `\`${field}.weight\` must be 0 to ${maxWeight}, or null for no share.`;
    throw new InvalidInputError(`${field}.weight`, advice);
  }
  return { providerId, priority, weight };
}
