import type { Viewer } from "../../../access/api-keys.ts";
import { scopes } from "../../../access/scopes.ts";
import { UnauthenticatedError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { QuotaRef } from "./quotas.ts";
import { KeyRestrictions } from "./restrictions.ts";
import { RateLimit } from "./rate-limits.ts";

const descriptions = {
  READ: "Read all data of the account, and watch it live.",
  SEND: "Send and cancel messages; everything that CAMPAIGNS allows.",
  ADMIN: "Everything: all other scopes, and the audit log.",
  CAMPAIGNS: "Create, preview, pause, resume and cancel campaigns.",
  BILLING: "Read and fetch balances, read and set rates and spending limits.",
  PROVIDERS:
    "Connect, check, change and disconnect providers, see their callback URLs, set routing policies.",
  KEYS: "List, create, rotate and revoke API keys that may do no more than this one, and watch tokens.",
  WEBHOOKS: "Manage webhooks, which carry the events and texts of all messages.",
} as const satisfies Record<(typeof scopes)[number], string>;

export const ApiScope = builder.enumType("ApiScope", {
  description:
    "What an API key may do. SEND includes CAMPAIGNS, and ADMIN includes all; the others are independent.",
  values: Object.fromEntries(scopes.map((scope) => [scope, { description: descriptions[scope] }])) as Record<
    (typeof scopes)[number],
    { description: string }
  >,
});

const ViewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "Who is calling: the account and the API key.",
  fields: (t) => ({
    accountName: t.exposeString("accountName", { description: "Name of the account." }),
    keyName: t.exposeString("keyName", { description: "Name of the API key." }),
    scopes: t.field({
      type: [ApiScope],
      description: "What the key may do.",
      resolve: ({ scopes: granted }) => scopes.filter((scope) => granted.has(scope)),
    }),
    restrictions: t.field({
      type: KeyRestrictions,
      description: "What the key may send through, as and to.",
      resolve: ({ restrictions = {} }) => restrictions,
    }),
    quotas: t.field({
      type: [QuotaRef],
      description: "What the account may have only so much of, and how much of it there is.",
      authScopes: { READ: true, ADMIN: true },
      resolve: ({ accountId }, _args, { quotas }) => quotas.read(accountId),
    }),
    rateLimits: t.field({
      type: [RateLimit],
      description:
        "What this key may do in a short time, and how much of that is left. Without an entry: no limit.",
      extensions: { cost: { multiplier: 6 } },
      resolve: (viewer, _args, { limiter }) => limiter.of(viewer).standings(),
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: ViewerRef,
    description: "Who is calling.",
    resolve: (_root, _args, { viewer }) => {
      if (viewer) return viewer;
      throw new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`.");
    },
  }),
);
