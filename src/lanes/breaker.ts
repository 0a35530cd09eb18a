import { announceProviderChange } from "./provider-channel.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { trialSeconds } from "./standing.ts";
import { laneColumns, saveLane, type LaneState } from "./lane.ts";
import { maxOpenSeconds, maxPauseSeconds, probeStartedAt, withoutCredit } from "./decide.ts";

const firstOpenSeconds = 10;

/**
 * The breaker opens when this many attempts of the last 30 seconds failed, and they are more than half of
 * all.
 */
const minFailures = 10;
const windowSeconds = 30;
/** A breaker that has just closed is on trial: fewer failures open it again, and for longer than before. */
const minFailuresOnTrial = 3;

/**
 * What one attempt shows about its provider: it `failed` when there was no answer, or when the provider
 * cannot take messages now.
 */
export interface AttemptSignal {
  providerId: string;
  /** When the attempt began. */
  startedAt: Date;
  failed: boolean;
  /** Every message would be refused, as with wrong credentials. */
  failsForAll?: boolean;
  /** Whether the account has credit; absent when the attempt did not show it. */
  credit?: "some" | "none";
  /** How long the provider asked us to wait (`Retry-After`). */
  retryAfterSeconds?: number | undefined;
}

const countRecent: Statement = {
  name: "count_recent_attempts",
  text: `
    select count(*) filter (where outcome in ('retryable', 'ambiguous'))::int as failures, count(*)::int as attempts
    from attempts
    where provider_id = $1 and started_at > $2 and finished_at is not null and not no_credit`,
};

const lockLanes: Statement = {
  name: "lock_lanes",
  text: `
    select ${laneColumns}
    from lanes as l
    where l.provider_id = any ($1::uuid[])
    order by l.provider_id
    for no key update`,
};

/**
 * Opens and closes breakers according to what attempts showed. Only trouble, or a success where the lane is
 * half open or without credit, changes a lane.
 */
export async function recordSignals(
  transaction: Queryable,
  signals: readonly AttemptSignal[],
  now: Date,
): Promise<void> {
  const failing = signals
    .filter(({ failed, failsForAll }) => failed || failsForAll === true)
    .map(({ providerId }) => providerId);
  const working = signals.filter(({ failed }) => !failed).map(({ providerId }) => providerId);
  const empty = signals.filter(({ credit }) => credit === "none").map(({ providerId }) => providerId);
  const watched = await transaction.query<{ id: string }>(findWatched, [working]);
  const concerned = new Set([...failing, ...empty, ...watched.map(({ id }) => id)]);
  if (concerned.size === 0) return;
  const lanes = await transaction.query<LaneState>(lockLanes, [[...concerned]]);
  for (const lane of lanes) {
    const ofLane = signals.filter(({ providerId }) => providerId === lane.providerId);
    const next = pause(
      nextCreditState(await nextBreakerState(transaction, lane, ofLane, now), ofLane, now),
      ofLane,
      now,
    );
    if (next === lane) continue;
    await saveLane(transaction, next);
    await announceProviderChange(transaction);
  }
  if (empty.length > 0) await transaction.query(askForBalance, [empty, now]);
}

const askForBalance: Statement = {
  name: "make_balances_due",
  text: "update providers set next_balance_at = least(next_balance_at, $2) where id = any ($1::uuid[])",
};

/** A provider sends `Retry-After` for one message, but it applies to the whole lane. */
function pause(lane: LaneState, signals: readonly AttemptSignal[], now: Date): LaneState {
  const asked = Math.max(...signals.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds));
  const until = new Date(now.getTime() + Math.min(asked, maxPauseSeconds) * 1000);
  return asked > 0 && until > (lane.pausedUntil ?? now) ? { ...lane, pausedUntil: until } : lane;
}

/** A refusal for lack of credit closes the lane; a message accepted after that opens it again. */
function nextCreditState(lane: LaneState, signals: readonly AttemptSignal[], now: Date): LaneState {
  const { noCreditSince } = lane;
  if (signals.some(({ credit }) => credit === "none")) return withoutCredit(lane, now);
  if (noCreditSince === null) return lane;
  const isShown = signals.some(({ credit, startedAt }) => credit === "some" && startedAt > noCreditSince);
  if (isShown) return { ...lane, noCreditSince: null, creditProbeAt: null };
  // The probe was refused for another reason, so credit is still unknown: the next message may try at once.
  const isAnswered = signals.some(({ failed, startedAt }) => !failed && startedAt > noCreditSince);
  return isAnswered ? { ...lane, creditProbeAt: now } : lane;
}

/** SQL predicate on `lanes`: a success would change the lane (half open, or without credit). */
export const isWatched = "(breaker = 'HALF_OPEN' or no_credit_since is not null)";

const findWatched: Statement = {
  name: "find_watched_lanes",
  text: `select provider_id as id from lanes where provider_id = any ($1::uuid[]) and ${isWatched}`,
};

async function nextBreakerState(
  transaction: Queryable,
  lane: LaneState,
  signals: readonly AttemptSignal[],
  now: Date,
): Promise<LaneState> {
  // Attempts that were under way when the breaker opened bring no news, however late they end.
  if (lane.breaker === "OPEN") return lane;
  if (lane.breaker === "HALF_OPEN") {
    const probes = signals.filter(({ startedAt }) => startedAt >= probeStartedAt(lane));
    if (probes.length === 0) return lane;
    const worked = probes.some(({ failed }) => !failed);
    return worked ? close(lane, now) : open(lane, lane.openSeconds * 2, now);
  }
  if (!signals.some(({ failed }) => failed))
    return signals.some(({ failsForAll }) => failsForAll) ? putOnProbation(lane, now) : lane;
  const since = new Date(Math.max(now.getTime() - windowSeconds * 1000, lane.closedAt.getTime()));
  const [recent] = await transaction.query<{ failures: number; attempts: number }>(countRecent, [
    lane.providerId,
    since,
  ]);
  const { failures = 0, attempts = 0 } = recent ?? {};
  const onTrial = isOnTrial(lane, now);
  const isTrouble = failures >= (onTrial ? minFailuresOnTrial : minFailures) && failures * 2 > attempts;
  return isTrouble ? open(lane, onTrial ? lane.openSeconds * 2 : firstOpenSeconds, now) : lane;
}

const isOnTrial = ({ openSeconds, closedAt }: LaneState, now: Date): boolean =>
  openSeconds > 0 && now.getTime() - closedAt.getTime() < trialSeconds * 1000;

const close = (lane: LaneState, now: Date): LaneState => ({
  ...lane,
  breaker: "CLOSED",
  openUntil: null,
  closedAt: now,
});

/**
 * The breaker stays closed, so messages that name this provider still go. Routing gives it as few messages as
 * a lane on trial: they test whether the provider accepts again.
 */
const putOnProbation = (lane: LaneState, now: Date): LaneState => ({
  ...lane,
  closedAt: now,
  openSeconds: Math.max(lane.openSeconds, firstOpenSeconds),
});

function open(lane: LaneState, seconds: number, now: Date): LaneState {
  const openSeconds = Math.min(Math.max(seconds, firstOpenSeconds), maxOpenSeconds);
  return { ...lane, breaker: "OPEN", openSeconds, openUntil: new Date(now.getTime() + openSeconds * 1000) };
}
