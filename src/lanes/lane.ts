import { announceProviderChange } from "./provider-channel.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { tokensAt, type TokenBucket } from "./token-bucket.ts";

/**
 * The lane of a provider: how fast and how many at a time we may submit, and whether it is trusted at
 * present. It is one database row, so limits and breaker apply to all workers together.
 */
export interface LaneState extends TokenBucket {
  providerId: string;
  /** Submissions wait for tokens until then: status queries let them go first. */
  wantedUntil: Date | null;
  breaker: BreakerState;
  /** The breaker refuses until then; afterwards one probe is let through. */
  openUntil: Date | null;
  /** Since when the breaker is closed; earlier failures do not count. */
  closedAt: Date;
  /** How long the breaker opened for last time; a failed probe doubles it. */
  openSeconds: number;
  /** Since when the provider refuses for lack of credit. */
  noCreditSince: Date | null;
  /**
   * When one message may test whether there is credit again. A balance that shows credit opens the lane
   * sooner.
   */
  creditProbeAt: Date | null;
  /** Campaigns take nothing until then, because a single message is waiting for its turn. */
  yieldUntil: Date | null;
  /** The provider has asked us to send nothing until then (`Retry-After`). */
  pausedUntil: Date | null;
}

/** A lane with the limits that its owner set. Status queries can make `tokens` negative. */
export interface Lane extends LaneState {
  /** Throughput: submissions per second; null without a limit. */
  maxPerSecond: number | null;
  /** Submissions that may be in flight at once; null without a limit. */
  maxConcurrent: number | null;
  /** Submissions in flight now, over all workers. */
  inFlight: number;
}

/** Who asks to submit: single messages go before those of campaigns. */
interface Asker {
  isCampaign: boolean;
  /** Messages per request, by provider; 1 where absent. */
  bulkSizes?: ReadonlyMap<string, number>;
}

type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

/** How many of the waiting submissions may start, and when to ask again for the others. */
export interface Admission {
  admitted: number;
  retryAfterMs: number;
  /**
   * True when the breaker or the credit check refuses, not when the lane is only full: routed messages should
   * fail over.
   */
  isDistrusted?: boolean;
}

/** A message that may not start now. */
export interface Wait {
  retryAfterMs: number;
  isDistrusted: boolean;
}

/** A probe without an answer counts as lost after this, so the breaker does not stay half open for ever. */
const probeSeconds = 45;
/** How soon to check whether the probe has been answered. */
const probeRetryMs = 1_000;
const busyRetryMs = 50;
/**
 * An account without credit is tested with one message after seconds, later every few minutes: for providers
 * that report no balance, and for refusals that were about one expensive message.
 */
const creditProbeMs = { min: 4_000, max: 300_000 };
/** How often to check a lane without credit. Often, since a new balance can open it at any time. */
export const creditRetryMs = 5_000;
/** How long campaigns hold back after a single message had to wait; that message asks again well before. */
const yieldMs = 500;

/**
 * An attempt older than this does not count as in flight. No request takes so long, even the last part of a
 * bulk, so its end was never recorded.
 */
const maxMinutes = 30;

/**
 * SQL on `providers as p` and `lanes as l`: whether the lane may refuse something at that time. Other lanes
 * need no lock.
 */
export const hasToBeAsked = (now: string): string => `(
  p.max_per_second is not null or p.max_concurrent is not null or l.breaker <> 'CLOSED'
    or l.no_credit_since is not null or l.paused_until > ${now}
)`;

const columnOf = {
  tokens: "tokens",
  refilledAt: "refilled_at",
  wantedUntil: "wanted_until",
  breaker: "breaker",
  openUntil: "open_until",
  openSeconds: "open_seconds",
  closedAt: "closed_at",
  noCreditSince: "no_credit_since",
  creditProbeAt: "credit_probe_at",
  yieldUntil: "yield_until",
  pausedUntil: "paused_until",
} satisfies Record<Exclude<keyof LaneState, "providerId">, string>;

const fields = Object.keys(columnOf) as (keyof typeof columnOf)[];

/** SQL: the columns of `lanes as l`, named as in `LaneState`. */
export const laneColumns = [
  'l.provider_id as "providerId"',
  ...fields.map((field) => `l.${columnOf[field]} as "${field}"`),
].join(", ");

const readLanes: Statement = {
  name: "read_lanes",
  text: `
    select ${laneColumns}, p.max_per_second as "maxPerSecond", p.max_concurrent as "maxConcurrent",
      case when p.max_concurrent is null then 0 else (
        select count(distinct coalesce(claim, message_id::text))::int
        from attempts
        where provider_id = p.id and finished_at is null
          and started_at > $2::timestamptz - interval '1 minute' * ${maxMinutes}
      ) + (
        select count(*)::int from bulk_attempts
        where provider_id = p.id and started_at > $2::timestamptz - interval '1 minute' * ${maxMinutes}
      ) end as "inFlight"
    from providers as p
    join lanes as l on l.provider_id = p.id
    where p.id = any ($1::uuid[]) and ${hasToBeAsked("$2")}
    order by p.id
    for no key update of l`,
};

const writeLane: Statement = {
  name: "write_lane",
  text: `
    update lanes
    set ${fields.map((field, index) => `${columnOf[field]} = $${index + 2}`).join(", ")}
    where provider_id = $1`,
};

export async function saveLane(transaction: Queryable, lane: LaneState): Promise<void> {
  await transaction.query(writeLane, [lane.providerId, ...fields.map((field) => lane[field])]);
}

/**
 * Asks for the right to start submissions: `wanted` of each provider. Providers without a limit and with a
 * closed breaker are missing from the answer: all their submissions may start. Runs in the transaction that
 * claims the messages.
 */
async function admit(
  transaction: Queryable,
  wanted: ReadonlyMap<string, number>,
  { isCampaign, bulkSizes }: Asker,
  now: Date,
): Promise<Map<string, Admission>> {
  const lanes = await transaction.query<Lane>(readLanes, [[...wanted.keys()], now]);
  const admissions = new Map<string, Admission>();
  for (const lane of lanes) {
    const count = wanted.get(lane.providerId) ?? 0;
    const { admission, next } = isCampaign
      ? decideForCampaign(lane, count, bulkSizes?.get(lane.providerId) ?? 1, now)
      : decideForSingles(lane, count, now);
    admissions.set(lane.providerId, admission);
    await saveLane(transaction, next);
    if (next.breaker !== lane.breaker) await announceProviderChange(transaction);
  }
  return admissions;
}

/**
 * Divides messages into those that may be submitted now and those that must wait, with their wait by message
 * id.
 */
export async function admitMessages<Message extends { id: string; providerId: string }>(
  transaction: Queryable,
  messages: readonly Message[],
  now: Date,
  asker: Asker = { isCampaign: false },
): Promise<{ admitted: Message[]; waiting: Map<string, Wait> }> {
  const wanted = Map.groupBy(messages, ({ providerId }) => providerId);
  const counts = new Map([...wanted].map(([providerId, group]) => [providerId, group.length]));
  const admissions = await admit(transaction, counts, asker, now);
  const admitted: Message[] = [];
  const waiting = new Map<string, Wait>();
  for (const [providerId, group] of wanted) {
    const admission = admissions.get(providerId) ?? { admitted: Infinity, retryAfterMs: 0 };
    const { admitted: count, retryAfterMs, isDistrusted = false } = admission;
    admitted.push(...group.slice(0, count));
    for (const { id } of group.slice(count === Infinity ? group.length : count))
      waiting.set(id, { retryAfterMs, isDistrusted });
  }
  return { admitted, waiting };
}

function decideForSingles(lane: Lane, wanted: number, now: Date): Decision {
  const { admission, next } = decide(lane, wanted, now);
  if (admission.admitted >= wanted) return { admission, next };
  return { admission, next: { ...next, yieldUntil: new Date(now.getTime() + yieldMs) } };
}

function decideForCampaign(lane: Lane, wanted: number, bulkSize: number, now: Date): Decision {
  const yieldLeftMs = (lane.yieldUntil?.getTime() ?? 0) - now.getTime();
  if (yieldLeftMs > 0) return { admission: { admitted: 0, retryAfterMs: yieldLeftMs }, next: lane };
  return decide(lane, wanted, now, bulkSize);
}

interface Decision {
  admission: Admission;
  next: Lane;
}

/**
 * What a lane admits of `wanted` submissions, with `bulkSize` of them per request, and the lane afterwards.
 */
export function decide(lane: Lane, wanted: number, now: Date, bulkSize = 1): Decision {
  const pausedMs = (lane.pausedUntil?.getTime() ?? 0) - now.getTime();
  if (pausedMs > 0)
    return { admission: { admitted: 0, retryAfterMs: pausedMs, isDistrusted: false }, next: lane };
  const trust = trustOf(lane, now);
  const isDistrusted = trust.admitted !== Infinity;
  if (trust.admitted === 0) return { admission: { ...trust, isDistrusted }, next: lane };
  const refilled = refill(lane, now);
  const requests = lane.maxConcurrent === null ? Infinity : Math.max(0, lane.maxConcurrent - lane.inFlight);
  const free = requests * bulkSize;
  // Status queries may overdraw the bucket, so `tokens` can be negative.
  const affordable = lane.maxPerSecond === null ? Infinity : Math.max(0, Math.floor(refilled.tokens));
  const admitted = Math.min(wanted, trust.admitted, free, affordable);
  const spent = { ...refilled, tokens: refilled.tokens - (lane.maxPerSecond === null ? 0 : admitted) };
  const fullMs = affordable < wanted ? tokenDelayMs(spent) : busyRetryMs;
  const next = affordable < wanted ? { ...spent, wantedUntil: waitingUntil(now, fullMs) } : spent;
  const admission = {
    admitted,
    retryAfterMs: lane.noCreditSince === null ? fullMs : creditRetryMs,
    isDistrusted,
  };
  return { admission, next: admitted > 0 ? probing(next, now) : next };
}

/** A second longer than the wait itself, since those who wait ask again a little late. */
const waitingUntil = (now: Date, retryAfterMs: number): Date =>
  new Date(now.getTime() + retryAfterMs + 1_000);

/** What the breaker and the provider's credit allow: everything, nothing for a while, or one probe. */
function trustOf(lane: Lane, now: Date): Admission {
  const [trust, credit] = [breakerAllows(lane, now), creditAllows(lane, now)];
  return trust.admitted < credit.admitted ? trust : credit;
}

function creditAllows({ noCreditSince, creditProbeAt }: Lane, now: Date): Admission {
  if (noCreditSince === null) return { admitted: Infinity, retryAfterMs: 0 };
  const isDue = creditProbeAt === null || creditProbeAt <= now;
  return { admitted: isDue ? 1 : 0, retryAfterMs: creditRetryMs };
}

function breakerAllows({ breaker, openUntil }: Lane, now: Date): Admission {
  if (breaker === "CLOSED") return { admitted: Infinity, retryAfterMs: 0 };
  const leftMs = (openUntil?.getTime() ?? 0) - now.getTime();
  if (leftMs <= 0) return { admitted: 1, retryAfterMs: 0 };
  // A probe is usually answered long before it counts as lost.
  return { admitted: 0, retryAfterMs: breaker === "HALF_OPEN" ? Math.min(leftMs, probeRetryMs) : leftMs };
}

/** Half open: nothing else starts until the probe is answered or counts as lost. */
function probing(before: Lane, now: Date): Lane {
  const lost = new Date(now.getTime() + probeSeconds * 1000);
  const lane = before.noCreditSince === null ? before : { ...before, creditProbeAt: lost };
  if (lane.breaker === "CLOSED") return lane;
  return { ...lane, breaker: "HALF_OPEN", openUntil: lost };
}

/** The lane after a refusal for lack of credit. */
export function withoutCredit<State extends LaneState>(lane: State, now: Date): State {
  const since = lane.noCreditSince ?? now;
  const waitedMs = now.getTime() - since.getTime();
  const delayMs = Math.min(Math.max(waitedMs, creditProbeMs.min), creditProbeMs.max);
  return { ...lane, noCreditSince: since, creditProbeAt: new Date(now.getTime() + delayMs) };
}

/** When the probe of a half-open lane began. */
export const probeStartedAt = ({ openUntil }: LaneState): Date =>
  new Date((openUntil?.getTime() ?? 0) - probeSeconds * 1000);

const refill = (lane: Lane, now: Date): Lane =>
  lane.maxPerSecond === null
    ? lane
    : { ...lane, tokens: tokensAt(lane, lane.maxPerSecond, now), refilledAt: now };

const tokenDelayMs = ({ tokens, maxPerSecond }: Lane): number =>
  maxPerSecond === null ? busyRetryMs : Math.max(5, ((1 - tokens) / maxPerSecond) * 1000);
