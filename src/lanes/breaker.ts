import { announceProviderChange } from "./provider-channel.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { trialSeconds } from "./standing.ts";
import { probeStartedAt, saveLane, withoutCredit, type Lane } from "./lane.ts";

const firstOpenSeconds = 10;
const maxOpenSeconds = 300;

/** The breaker opens when in the last half minute this many attempts failed, and more than half of all. */
const minFailures = 10;
const windowSeconds = 30;
/** A breaker that has just closed is on trial: fewer failures open it again, and for longer than before. */
const minFailuresOnTrial = 3;

/** What an attempt says of its provider: trouble is no answer, or one that it cannot take messages now. */
export interface AttemptSignal {
  providerId: string;
  /** When the attempt began. */
  startedAt: Date;
  failed: boolean;
  /** It was refused as every message would be, for our credentials, say. */
  failsForAll?: boolean;
  /** What it showed of the account's credit; absent: nothing. */
  credit?: "some" | "none";
  /** For how long the provider asked for silence. */
  retryAfterSeconds?: number | undefined;
}

/** A provider that asks for more is asked again sooner: what it meant may be one message alone. */
const maxPauseSeconds = 60;

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
    select provider_id as "providerId", null::float8 as "maxPerSecond", null::int as "maxConcurrent",
      0 as "inFlight", tokens, refilled_at as "refilledAt", wanted_until as "wantedUntil", breaker,
      open_until as "openUntil", open_seconds as "openSeconds", closed_at as "closedAt",
      no_credit_since as "noCreditSince", credit_probe_at as "creditProbeAt", yield_until as "yieldUntil",
      paused_until as "pausedUntil"
    from lanes
    where provider_id = any ($1::uuid[])
    order by provider_id
    for no key update`,
};

/** Opens and closes breakers by what attempts showed. Only trouble, and the answer to a probe, change a lane. */
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
  const lanes = await transaction.query<Lane>(lockLanes, [[...concerned]]);
  for (const lane of lanes) {
    const own = signals.filter(({ providerId }) => providerId === lane.providerId);
    const next = pause(
      nextCreditState(await nextBreakerState(transaction, lane, own, now), own, now),
      own,
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

/** `Retry-After` is said to one message, and meant for all. */
function pause(lane: Lane, signals: readonly AttemptSignal[], now: Date): Lane {
  const asked = Math.max(...signals.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds));
  const until = new Date(now.getTime() + Math.min(asked, maxPauseSeconds) * 1000);
  return asked > 0 && until > (lane.pausedUntil ?? now) ? { ...lane, pausedUntil: until } : lane;
}

/** A refusal for want of credit closes the lane; a message that is accepted after that opens it again. */
function nextCreditState(lane: Lane, signals: readonly AttemptSignal[], now: Date): Lane {
  const { noCreditSince } = lane;
  if (signals.some(({ credit }) => credit === "none")) return withoutCredit(lane, now);
  if (noCreditSince === null) return lane;
  const isShown = signals.some(({ credit, startedAt }) => credit === "some" && startedAt > noCreditSince);
  if (isShown) return { ...lane, noCreditSince: null, creditProbeAt: null };
  // The one that tried was refused for a reason of its own: the next may try at once.
  const isAnswered = signals.some(({ failed, startedAt }) => !failed && startedAt > noCreditSince);
  return isAnswered ? { ...lane, creditProbeAt: now } : lane;
}

/** In SQL: whether what works is news to a row of `lanes`. */
export const isWatched = "(breaker = 'HALF_OPEN' or no_credit_since is not null)";

const findWatched: Statement = {
  name: "find_watched_lanes",
  text: `select provider_id as id from lanes where provider_id = any ($1::uuid[]) and ${isWatched}`,
};

async function nextBreakerState(
  transaction: Queryable,
  lane: Lane,
  signals: readonly AttemptSignal[],
  now: Date,
): Promise<Lane> {
  // What was under way when the breaker opened says nothing new, however late it ends.
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

const isOnTrial = ({ openSeconds, closedAt }: Lane, now: Date): boolean =>
  openSeconds > 0 && now.getTime() - closedAt.getTime() < trialSeconds * 1000;

const close = (lane: Lane, now: Date): Lane => ({
  ...lane,
  breaker: "CLOSED",
  openUntil: null,
  closedAt: now,
});

/** It stays open to those who ask for it, and is on trial for the others: few try whether it takes messages again. */
const putOnProbation = (lane: Lane, now: Date): Lane => ({
  ...lane,
  closedAt: now,
  openSeconds: Math.max(lane.openSeconds, firstOpenSeconds),
});

function open(lane: Lane, seconds: number, now: Date): Lane {
  const openSeconds = Math.min(Math.max(seconds, firstOpenSeconds), maxOpenSeconds);
  return { ...lane, breaker: "OPEN", openSeconds, openUntil: new Date(now.getTime() + openSeconds * 1000) };
}
