import type { Standing } from "../../../access/rate-limiter.ts";
import { limitKinds, type LimitKind, type RateLimits } from "../../../access/rate-limits.ts";
import { builder } from "../builder.ts";

const descriptions: Readonly<Record<LimitKind, string>> = {
  requests: "Operations, exports and starts of subscriptions",
  cost: "Units of cost of operations",
  sends: "Messages of `sendMessage` and `sendMessages`",
  subscriptions: "Starts of subscriptions",
  sockets: "New WebSockets",
  uploads: "Files",
};

export const RateLimit = builder.objectRef<Standing>("RateLimit").implement({
  description:
    "Where a caller stands with one of its limits. It may use `limit` at once, and as much becomes free again in each window.",
  fields: (t) => ({
    kind: t.exposeString("kind", { description: `What is limited: ${limitKinds.join(", ")}.` }),
    limit: t.exposeFloat("limit", { description: "The most that can be used at once." }),
    windowSeconds: t.exposeInt("windowSeconds", { description: "How long an empty limit takes to fill." }),
    remaining: t.exposeFloat("remaining", { description: "What is left of it." }),
    resetSeconds: t.exposeInt("resetSeconds", { description: "How long until all of it is there again." }),
  }),
});

export const ApiKeyLimits = builder.objectRef<RateLimits>("ApiKeyLimits").implement({
  description: "The limits of a key itself, units per second; null for those of its account.",
  fields: (t) =>
    Object.fromEntries(
      limitKinds.map((kind) => [
        kind,
        t.float({ nullable: true, description: `${descriptions[kind]}.`, resolve: (limits) => limits[kind] }),
      ]),
    ) as Record<LimitKind, ReturnType<typeof t.float>>,
});

export const ApiKeyLimitsInput = builder.inputType("ApiKeyLimitsInput", {
  description:
    "Limits of one key, units per second. Those of the account hold beside them, so they can only be lower.",
  fields: (t) =>
    Object.fromEntries(
      limitKinds.map((kind) => [
        kind,
        t.float({ description: `${descriptions[kind]}; absent: as for the account.` }),
      ]),
    ) as Record<LimitKind, ReturnType<typeof t.float>>,
});
