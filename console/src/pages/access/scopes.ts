import type { ApiScope } from "../../gql/graphql.ts";

/** What a key may do, and how it is asked for when one is made. */
export const scopeTexts = {
  READ: "Read everything, and watch it live",
  SEND: "Send and cancel messages, run campaigns, keep opt-outs",
  CAMPAIGNS: "Only campaigns: create, pause, resume, cancel",
  PROVIDERS: "Connect and change providers, set routing policies",
  BILLING: "Balances, rates and spending limits",
  KEYS: "Make and revoke keys that may do no more, and watch tokens",
  WEBHOOKS: "Webhooks, which carry the texts of all messages",
  ADMIN: "Everything, with receipts as they came and the audit log",
} as const satisfies Record<ApiScope, string>;

export const everyScope = Object.keys(scopeTexts) as ApiScope[];
