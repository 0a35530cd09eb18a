import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import type { PolicyRoute, RoutingPolicy } from "../../../pricing/routing/policies.ts";
import { setPolicies } from "../../../pricing/routing/policy-settings.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";

const PolicyRouteRef = builder.objectRef<PolicyRoute>("PolicyRoute").implement({
  description: "A provider that a policy allows.",
  fields: (t) => ({
    providerId: t.id({
      description: "Global id of the provider.",
      resolve: ({ providerId }) => encodeId("Provider", providerId),
    }),
    priority: t.exposeInt("priority", {
      nullable: true,
      description: "A lower number is preferred; null for the provider's own priority.",
    }),
    weight: t.exposeInt("weight", {
      nullable: true,
      description: "Its share of the traffic among weighted providers of the same priority; null for none.",
    }),
  }),
});

const RoutingPolicyRef = builder.objectRef<RoutingPolicy>("RoutingPolicy").implement({
  description:
    "Which providers may carry messages to some destinations. Applies to messages without a `providerId`.",
  fields: (t) => ({
    countries: t.exposeStringList("countries", { description: "Countries, ISO 3166-1 alpha-2." }),
    mccs: t.exposeStringList("mccs", { description: "Mobile country codes or network codes." }),
    prefixes: t.exposeStringList("prefixes", { description: "Beginnings of the number, without `+`." }),
    routes: t.field({
      type: [PolicyRouteRef],
      description: "The only providers that may be used.",
      resolve: ({ routes }) => routes,
    }),
  }),
});

const PolicyRouteInput = builder.inputType("PolicyRouteInput", {
  description: "A provider that a policy allows.",
  fields: (t) => ({
    providerId: t.id({ required: true, description: "Global id of the provider." }),
    priority: t.int({ description: "A lower number is preferred; absent: the provider's own priority." }),
    weight: t.int({
      description:
        "Its share of the traffic among weighted providers of the same priority, regardless of price. Absent: no share, " +
        "and the cheapest provider of a priority is used.",
    }),
  }),
});

const RoutingPolicyInput = builder.inputType("RoutingPolicyInput", {
  description:
    "A policy for some destinations, or without conditions for all others. The longest matching prefix wins, then " +
    "the network, then the country code, then the country.",
  fields: (t) => ({
    countries: t.stringList({ description: "Countries, ISO 3166-1 alpha-2: `SK`." }),
    mccs: t.stringList({
      description: "Mobile country codes (`231`, for the whole country), or of one network (`23101`).",
    }),
    prefixes: t.stringList({ description: "Beginnings of the recipient's number: `+421`, `+421901`." }),
    routes: t.field({
      type: [PolicyRouteInput],
      required: true,
      description: "The only providers that may be used; at least one.",
    }),
  }),
});

const SetRoutingPoliciesSuccess = builder
  .objectRef<{ policies: readonly RoutingPolicy[] }>("SetRoutingPoliciesSuccess")
  .implement({
    description: "The routing policies in force.",
    isTypeOf: (value) => typeof value === "object" && value !== null && "policies" in value,
    fields: (t) => ({
      policies: t.field({
        type: [RoutingPolicyRef],
        description: "All policies of the account.",
        resolve: ({ policies }) => policies,
      }),
    }),
  });

const SetRoutingPoliciesResult = builder.errorUnion("SetRoutingPoliciesResult", {
  description: "The policies in force, or why they were not changed.",
  types: [SetRoutingPoliciesSuccess, InvalidInputError, NotFoundError],
});

builder.queryField("routingPolicies", (t) =>
  t.field({
    type: [RoutingPolicyRef],
    description:
      "How the account routes messages without a `providerId`. When empty, any provider may be used, by priority and price.",
    authScopes: { READ: true, PROVIDERS: true },
    resolve: async (_root, _args, context) =>
      (await context.routingTables.of(accountOf(context), 0)).policies,
  }),
);

builder.mutationField("setRoutingPolicies", (t) =>
  t.field({
    type: SetRoutingPoliciesResult,
    description: "Replaces all routing policies of the account.",
    authScopes: { PROVIDERS: true },
    args: {
      policies: t.arg({
        type: [RoutingPolicyInput],
        required: true,
        description:
          "All policies; an empty list removes them. If two match equally well, the first one wins.",
      }),
    },
    resolve: async (_root, { policies }, context) => {
      const inputs = policies.map((policy, policyIndex) => ({
        ...policy,
        routes: policy.routes.map((one, index) => ({
          ...one,
          providerId: decodeId(
            "Provider",
            one.providerId,
            `policies.${policyIndex}.routes.${index}.providerId`,
          ),
        })),
      }));
      return { policies: await setPolicies(context, accountOf(context), inputs) };
    },
  }),
);
