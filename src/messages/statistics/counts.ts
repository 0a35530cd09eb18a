import { isFinal, messageStatuses, type MessageStatus } from "../model/status.ts";
import { lagQuantile, type LagCounts } from "./lag.ts";

/** How often messages moved so; `[status, status]` is how many were accepted with this status. */
export type MoveCount = readonly [from: MessageStatus, to: MessageStatus, lag: number, count: number];

/** What became of messages in a span of time. */
export interface StatisticsCounts {
  accepted: number;
  /** How many messages came into each status. */
  reached: Readonly<Record<MessageStatus, number>>;
  submitted: number;
  delivered: number;
  failed: number;
  /** Deliveries that the provider took back. */
  withdrawn: number;
  lags: LagCounts;
}

const arrived: ReadonlySet<MessageStatus> = new Set(["DELIVERED", "READ"]);
const failures: ReadonlySet<MessageStatus> = new Set(["UNDELIVERED", "EXPIRED", "REJECTED", "FAILED"]);
const notSubmitted: ReadonlySet<MessageStatus> = new Set([
  "SCHEDULED",
  "QUEUED",
  "SUBMITTING",
  "OUTCOME_UNKNOWN",
]);
/** Statuses that show that the provider took the message. */
const taken: ReadonlySet<MessageStatus> = new Set(["SUBMITTED", "SENT", "DELIVERED", "READ", "UNDELIVERED"]);

export function countMoves(moves: readonly MoveCount[]): StatisticsCounts {
  const reached = Object.fromEntries(messageStatuses.map((status) => [status, 0])) as Record<
    MessageStatus,
    number
  >;
  const counts = { accepted: 0, submitted: 0, delivered: 0, failed: 0, withdrawn: 0 };
  const lags = new Map<number, number>();
  for (const [from, to, lag, count] of moves) {
    reached[to] += count;
    if (from === to) counts.accepted += count;
    else if (arrived.has(from) && !arrived.has(to)) counts.withdrawn += count;
    if (taken.has(to) && notSubmitted.has(from)) counts.submitted += count;
    if (arrived.has(to) && !arrived.has(from)) counts.delivered += count;
    if (failures.has(to)) counts.failed += count;
    if (lag > 0) lags.set(lag, (lags.get(lag) ?? 0) + count);
  }
  return { ...counts, reached, lags };
}

/** The share of messages with a known end that arrived; null when there are none. */
export function deliveryRate({ delivered, failed, withdrawn }: StatisticsCounts): number | null {
  const stayed = delivered - withdrawn;
  return stayed + failed <= 0 ? null : Math.max(0, stayed) / (Math.max(0, stayed) + failed);
}

/** How many seconds such a share of the receipts took at most. */
export interface LagPercentiles {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

/** Null when there were no receipts. */
export function receiptLag({ lags }: Pick<StatisticsCounts, "lags">): LagPercentiles | null {
  if (lags.size === 0) return null;
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = [0.5, 0.9, 0.95, 0.99].map((share) =>
    lagQuantile(lags, share),
  );
  return { p50, p90, p95, p99 };
}

/** Whether a move to this status ends the wait for a receipt. */
export const endsWait = (from: MessageStatus, to: MessageStatus): boolean => !isFinal(from) && isFinal(to);
