import type { Queryable, Statement } from "../database/database.ts";
import type { TokenBucket } from "./token-bucket.ts";

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
  /** The account is suspended: nothing is submitted. */
  isSuspended: boolean;
}

type BreakerState = "CLOSED" | "OPEN" | "HALF_OPEN";

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
    or l.no_credit_since is not null or l.paused_until > ${now} or l.suspended
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

const lock: Statement = {
  name: "lock_lanes_to_ask",
  text: `
    select l.provider_id
    from providers as p
    join lanes as l on l.provider_id = p.id
    where p.id = any ($1::uuid[]) and ${hasToBeAsked("$2")}
    order by p.id
    for no key update of l`,
};

const read: Statement = {
  name: "read_lanes",
  text: `
    select ${laneColumns}, p.max_per_second as "maxPerSecond", p.max_concurrent as "maxConcurrent",
      l.suspended as "isSuspended",
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

/**
 * Locks and reads the lanes of these providers that may refuse something; the others are left out. A statement counts what
 * was committed before it began: one that also waited for a lane would not count what whoever had it has sent.
 */
export async function lockLanes(
  transaction: Queryable,
  providerIds: readonly string[],
  now: Date,
): Promise<Lane[]> {
  const values = [providerIds, now];
  const [, lanes] = await Promise.all([
    transaction.query(lock, values),
    transaction.query<Lane>(read, values),
  ]);
  return lanes;
}

export async function saveLane(transaction: Queryable, lane: LaneState): Promise<void> {
  await transaction.query(writeLane, [lane.providerId, ...fields.map((field) => lane[field])]);
}
