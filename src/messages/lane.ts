import { announceProviderChange } from "../connections/provider-channel.ts";
import type { Queryable, Statement } from "../database/database.ts";

/**
 * The lane of a provider: how fast and how many at a time we may submit, and whether it is trusted at present. One
 * row in the database, so that the limits and the breaker hold over all workers together.
 */
export interface Lane {
  providerId: string;
  /** Submissions per second; null without a limit. */
  maxPerSecond: number | null;
  /** Submissions in flight; null without a limit. */
  maxConcurrent: number | null;
  /** Submissions in flight now, over all workers. */
  inFlight: number;
  /** Submissions that may start at once, a fraction of one included. */
  tokens: number;
  refilledAt: Date;
  /** Until when submissions wait for tokens: as long questions let them go first. */
  wantedUntil: Date | null;
  breaker: BreakerState;
  /** Until when the breaker refuses; afterwards one probe is let through. */
  openUntil: Date | null;
  /** Since when the breaker is closed: what failed before is forgiven. */
  closedAt: Date;
  /** How long the breaker stays open when a probe fails, in seconds. */
  openSeconds: number;
}

export type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** How many of the waiting submissions may start, and when to ask again for the others. */
export interface Admission {
  admitted: number;
  retryAfterMs: number;
}

/** A probe that never came back does not keep the breaker half open for ever. */
const probeSeconds = 45;
const busyRetryMs = 50;

const readLanes: Statement = {
  name: "read_lanes",
  text: `
    select p.id as "providerId", p.max_per_second as "maxPerSecond", p.max_concurrent as "maxConcurrent",
      l.tokens, l.refilled_at as "refilledAt", l.wanted_until as "wantedUntil", l.breaker, l.open_until as "openUntil",
      l.open_seconds as "openSeconds", l.closed_at as "closedAt",
      case when p.max_concurrent is null then 0 else (
        select count(*)::int from attempts where provider_id = p.id and finished_at is null
      ) end as "inFlight"
    from providers as p
    join lanes as l on l.provider_id = p.id
    where p.id = any ($1::uuid[])
      and (p.max_per_second is not null or p.max_concurrent is not null or l.breaker <> 'CLOSED')
    order by p.id
    for no key update of l`,
};

const writeLane: Statement = {
  name: "write_lane",
  text: `
    update lanes
    set tokens = $2, refilled_at = $3, wanted_until = $4, breaker = $5, open_until = $6, open_seconds = $7,
      closed_at = $8
    where provider_id = $1`,
};

export async function saveLane(transaction: Queryable, lane: Lane): Promise<void> {
  const { providerId, tokens, refilledAt, wantedUntil, breaker, openUntil, openSeconds, closedAt } = lane;
  const values = [providerId, tokens, refilledAt, wantedUntil, breaker, openUntil, openSeconds, closedAt];
  await transaction.query(writeLane, values);
}

/**
 * Asks for the right to start submissions: `wanted` of each provider. Providers without a limit and with a closed
 * breaker are not in the answer: all of theirs may start. For the transaction that claims the messages.
 */
async function admit(
  transaction: Queryable,
  wanted: ReadonlyMap<string, number>,
  now: Date,
): Promise<Map<string, Admission>> {
  const lanes = await transaction.query<Lane>(readLanes, [[...wanted.keys()]]);
  const admissions = new Map<string, Admission>();
  for (const lane of lanes) {
    const { admission, next } = decide(lane, wanted.get(lane.providerId) ?? 0, now);
    admissions.set(lane.providerId, admission);
    await saveLane(transaction, next);
    if (next.breaker !== lane.breaker) await announceProviderChange(transaction);
  }
  return admissions;
}

/** Divides messages into those that may be submitted now and those that wait, and how long (milliseconds, by id). */
export async function admitMessages<Message extends { id: string; providerId: string }>(
  transaction: Queryable,
  messages: readonly Message[],
  now: Date,
): Promise<{ admitted: Message[]; waiting: Map<string, number> }> {
  const wanted = Map.groupBy(messages, ({ providerId }) => providerId);
  const counts = new Map([...wanted].map(([providerId, group]) => [providerId, group.length]));
  const admissions = await admit(transaction, counts, now);
  const admitted: Message[] = [];
  const waiting = new Map<string, number>();
  for (const [providerId, group] of wanted) {
    const { admitted: count, retryAfterMs } = admissions.get(providerId) ?? {
      admitted: Infinity,
      retryAfterMs: 0,
    };
    admitted.push(...group.slice(0, count));
    for (const { id } of group.slice(count === Infinity ? group.length : count))
      waiting.set(id, retryAfterMs);
  }
  return { admitted, waiting };
}

/** What a lane admits of `wanted` submissions, and the lane afterwards. */
export function decide(lane: Lane, wanted: number, now: Date): { admission: Admission; next: Lane } {
  const trust = trustOf(lane, now);
  if (trust.admitted === 0) return { admission: trust, next: lane };
  const refilled = refill(lane, now);
  const free = lane.maxConcurrent === null ? Infinity : Math.max(0, lane.maxConcurrent - lane.inFlight);
  // A question may have been let through on credit.
  const affordable = lane.maxPerSecond === null ? Infinity : Math.max(0, Math.floor(refilled.tokens));
  const admitted = Math.min(wanted, trust.admitted, free, affordable);
  const spent = { ...refilled, tokens: refilled.tokens - (lane.maxPerSecond === null ? 0 : admitted) };
  const retryAfterMs = affordable < wanted ? tokenDelayMs(spent) : busyRetryMs;
  const next = affordable < wanted ? { ...spent, wantedUntil: waitingUntil(now, retryAfterMs) } : spent;
  const admission = { admitted, retryAfterMs };
  return { admission, next: admitted > 0 ? probing(next, now) : next };
}

/** Who was told to come back does so a little later than that. */
const waitingUntil = (now: Date, retryAfterMs: number): Date =>
  new Date(now.getTime() + retryAfterMs + 1_000);

/** What the breaker allows: everything, nothing for a while, or one probe. */
function trustOf({ breaker, openUntil }: Lane, now: Date): Admission {
  if (breaker === "CLOSED") return { admitted: Infinity, retryAfterMs: 0 };
  const leftMs = (openUntil?.getTime() ?? 0) - now.getTime();
  return leftMs > 0 ? { admitted: 0, retryAfterMs: leftMs } : { admitted: 1, retryAfterMs: 0 };
}

/** Half open: the probe is under way, and nobody else starts until it is back, or lost. */
function probing(lane: Lane, now: Date): Lane {
  if (lane.breaker === "CLOSED") return lane;
  return { ...lane, breaker: "HALF_OPEN", openUntil: new Date(now.getTime() + probeSeconds * 1000) };
}

/** When the probe of a half-open lane began. */
export const probeStartedAt = ({ openUntil }: Lane): Date =>
  new Date((openUntil?.getTime() ?? 0) - probeSeconds * 1000);

/** A token bucket of one second's worth at most, and never less than one: no burst after a pause. */
function refill(lane: Lane, now: Date): Lane {
  if (lane.maxPerSecond === null) return lane;
  const seconds = Math.max(0, (now.getTime() - lane.refilledAt.getTime()) / 1000);
  const tokens = Math.min(Math.max(1, lane.maxPerSecond / 10), lane.tokens + seconds * lane.maxPerSecond);
  return { ...lane, tokens, refilledAt: now };
}

const tokenDelayMs = ({ tokens, maxPerSecond }: Lane): number =>
  maxPerSecond === null ? busyRetryMs : Math.max(5, ((1 - tokens) / maxPerSecond) * 1000);
