import type { StoredRoute } from "../../../messages/model/stored-route.ts";
import type { ProviderRejection } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { encodeId } from "../../../lib/global-id.ts";
import { Message } from "../messages/message.ts";
import { Money, money } from "../money.ts";
import { ProviderRejectionRef } from "../providers/rejection.ts";
import type { RouteDecision } from "../../../pricing/routing/route-decision.ts";

export const RouteDecisionRef = builder.objectRef<RouteDecision>("RouteDecision").implement({
  description: "Why a message goes through its provider and not through another.",
  fields: (t) => ({
    providerId: t.id({
      description: "Global id of the chosen provider.",
      resolve: ({ providerId }) => encodeId("Provider", providerId),
    }),
    providerName: t.exposeString("name", { description: "The name of the provider at that time." }),
    reason: t.exposeString("reason", { description: "Why it was chosen, for people." }),
    price: t.field({
      type: Money,
      nullable: true,
      description: "Price of one segment by the rate that applied; null without one.",
      resolve: ({ price, currency }) => money(price, currency),
    }),
    mccmnc: t.exposeString("mccmnc", {
      nullable: true,
      description: "The network or country code of that rate.",
    }),
    rejected: t.field({
      type: [ProviderRejectionRef],
      description:
        "The other providers, and why each was not chosen. Empty when the caller named a provider.",
      resolve: ({ rejected }): readonly ProviderRejection[] => rejected,
    }),
  }),
});

builder.prismaObjectField(Message, "route", (t) =>
  t.field({
    type: RouteDecisionRef,
    nullable: true,
    description: "Why its present provider was chosen.",
    resolve: async ({ route, campaignId, providerId, country }, _args, { campaignRoutes }) => {
      if (route !== null) return route as unknown as StoredRoute;
      if (campaignId === null || providerId === null) return null;
      return campaignRoutes.load({ campaignId, providerId, country: country ?? "" });
    },
  }),
);
