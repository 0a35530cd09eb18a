/** What a key may do. */
export const scopes = [
  "READ",
  "SEND",
  "ADMIN",
  "CAMPAIGNS",
  "BILLING",
  "PROVIDERS",
  "KEYS",
  "WEBHOOKS",
] as const;
export type Scope = (typeof scopes)[number];

/** What a caller may do: the scopes of a key, or OPERATOR for the key of the installation itself. */
export const rights = [...scopes, "OPERATOR"] as const;
export type Right = (typeof rights)[number];

/** The scopes that a scope includes. The others are independent of each other. */
const included: Readonly<Partial<Record<Scope, readonly Scope[]>>> = {
  SEND: ["CAMPAIGNS"],
  ADMIN: scopes,
};

/** The scopes as granted, and those that they include, in their usual order. Words that are no scopes are left out. */
export function withIncluded(granted: readonly string[]): ReadonlySet<Scope> {
  const held = scopes.filter((scope) => granted.includes(scope));
  const all = new Set(held.flatMap((scope) => [scope, ...(included[scope] ?? [])]));
  return new Set(scopes.filter((scope) => all.has(scope)));
}
