import type { Quota } from "../../../accounts/quotas.ts";
import { QuotaExceededError, quotaKinds, errorCodes } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { ErrorInterface } from "../errors.ts";

export const QuotaKindEnum = builder.enumType("QuotaKind", {
  description: "What an account may have only so much of.",
  values: quotaKinds,
});

export const QuotaRef = builder.objectRef<Quota>("Quota").implement({
  description: "How much of something the account has, and how much it may have.",
  fields: (t) => ({
    kind: t.field({ type: QuotaKindEnum, description: "What is counted.", resolve: ({ kind }) => kind }),
    used: t.float({
      nullable: true,
      description: "How much there is. Stored messages are counted every ten minutes; null before that.",
      resolve: ({ used }) => used,
    }),
    limit: t.float({
      nullable: true,
      description: "The most there may be; null for no limit.",
      resolve: ({ limit }) => limit,
    }),
  }),
});

builder.objectType(QuotaExceededError, {
  name: "QuotaExceededError",
  description: errorCodes.QUOTA_EXCEEDED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    kind: t.expose("kind", { type: QuotaKindEnum, description: "What there is too much of." }),
    limit: t.exposeFloat("limit", { description: "The most there may be." }),
    used: t.exposeFloat("used", { description: "How much there is." }),
  }),
});
