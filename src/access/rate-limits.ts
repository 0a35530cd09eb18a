/** What is limited for each key. */
export const limitKinds = ["requests", "cost", "sends", "subscriptions", "sockets", "uploads"] as const;
export type LimitKind = (typeof limitKinds)[number];

/** Units per second of each kind; undefined for no limit. */
export type RateLimits = Readonly<Partial<Record<LimitKind, number>>>;

/** Generous: they stop a loop that runs away, not a client that works. */
export const defaultRateLimits = {
  requests: 2_000,
  cost: 200_000,
  sends: 2_000,
  subscriptions: 2_000,
  sockets: 2_000,
  uploads: 1,
} as const satisfies RateLimits;

/**
 * How many seconds' worth may be used at once. After a restart all clients of a key come back together, so the usual
 * limits let as many sockets and subscriptions begin at once as may be open.
 */
export const windowSeconds = {
  requests: 10,
  cost: 10,
  sends: 10,
  subscriptions: 10,
  sockets: 10,
  uploads: 60,
} as const satisfies Record<LimitKind, number>;

/** The lower of two limits for each kind. */
export function strictest(limits: RateLimits, others: RateLimits | undefined): RateLimits {
  if (!others) return limits;
  const strict: Partial<Record<LimitKind, number>> = {};
  for (const kind of limitKinds) {
    const limit = Math.min(limits[kind] ?? Infinity, others[kind] ?? Infinity);
    if (limit < Infinity) strict[kind] = limit;
  }
  return strict;
}

/** Reads limits as they are stored; what has another form is left out. */
export function readLimits(stored: unknown): RateLimits | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const entries = Object.entries(stored).filter(
    ([kind, limit]) => limitKinds.includes(kind as LimitKind) && typeof limit === "number" && limit > 0,
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
