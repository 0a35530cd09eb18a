import { announceProviderChange } from "../connections/provider-channel.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { probeStartedAt, saveLane, type Lane } from "./lane.ts";

const firstOpenSeconds = 10;
const longestOpenSeconds = 300;

/** The breaker opens when in the last half minute this many attempts failed, and more than half of all. */
const leastFailures = 10;
const windowSeconds = 30;

/** What an attempt says of its provider: trouble is no answer, or one that it cannot take messages now. */
export interface Experience {
  providerId: string;
  /** When the attempt began. */
  startedAt: Date;
  failed: boolean;
}

const countRecent: Statement = {
  name: "count_recent_attempts",
  text: `
    select count(*) filter (where outcome in ('retryable', 'ambiguous'))::int as failures, count(*)::int as attempts
    from attempts
    where provider_id = $1 and started_at > $2 and finished_at is not null`,
};

const lockLanes: Statement = {
  name: "lock_lanes",
  text: `
    select provider_id as "providerId", null::float8 as "maxPerSecond", null::int as "maxConcurrent",
      0 as "inFlight", tokens, refilled_at as "refilledAt", wanted_until as "wantedUntil", breaker, open_until as "openUntil",
      open_seconds as "openSeconds", closed_at as "closedAt"
    from lanes
    where provider_id = any ($1::uuid[])
    order by provider_id
    for no key update`,
};

/** Opens and closes breakers by what attempts showed. Only trouble, and the answer to a probe, change a lane. */
export async function learn(
  transaction: Queryable,
  experiences: readonly Experience[],
  now: Date,
): Promise<void> {
  const failing = experiences.filter(({ failed }) => failed).map(({ providerId }) => providerId);
  const working = experiences.filter(({ failed }) => !failed).map(({ providerId }) => providerId);
  const probed = await transaction.query<{ id: string }>(findProbed, [working]);
  const concerned = new Set([...failing, ...probed.map(({ id }) => id)]);
  if (concerned.size === 0) return;
  const lanes = await transaction.query<Lane>(lockLanes, [[...concerned]]);
  for (const lane of lanes) {
    const own = experiences.filter(({ providerId }) => providerId === lane.providerId);
    const next = await judge(transaction, lane, own, now);
    if (next === lane) continue;
    await saveLane(transaction, next);
    await announceProviderChange(transaction);
  }
}

const findProbed: Statement = {
  name: "find_probed_lanes",
  text: `select provider_id as id from lanes where provider_id = any ($1::uuid[]) and breaker = 'HALF_OPEN'`,
};

async function judge(
  transaction: Queryable,
  lane: Lane,
  experiences: readonly Experience[],
  now: Date,
): Promise<Lane> {
  // What was under way when the breaker opened says nothing new, however late it ends.
  if (lane.breaker === "OPEN") return lane;
  if (lane.breaker === "HALF_OPEN") {
    const probes = experiences.filter(({ startedAt }) => startedAt >= probeStartedAt(lane));
    if (probes.length === 0) return lane;
    const worked = probes.some(({ failed }) => !failed);
    return worked ? close(lane, now) : open(lane, lane.openSeconds * 2, now);
  }
  const since = new Date(Math.max(now.getTime() - windowSeconds * 1000, lane.closedAt.getTime()));
  const [recent] = await transaction.query<{ failures: number; attempts: number }>(countRecent, [
    lane.providerId,
    since,
  ]);
  const { failures = 0, attempts = 0 } = recent ?? {};
  const isTrouble = failures >= leastFailures && failures * 2 > attempts;
  return isTrouble ? open(lane, firstOpenSeconds, now) : lane;
}

const close = (lane: Lane, now: Date): Lane => ({
  ...lane,
  breaker: "CLOSED",
  openUntil: null,
  openSeconds: 0,
  closedAt: now,
});

function open(lane: Lane, seconds: number, now: Date): Lane {
  const openSeconds = Math.min(Math.max(seconds, firstOpenSeconds), longestOpenSeconds);
  return { ...lane, breaker: "OPEN", openSeconds, openUntil: new Date(now.getTime() + openSeconds * 1000) };
}
