import { isProviderKind, registry } from "../../providers/registry.ts";
import type { RevisableStatus } from "../../providers/provider.ts";
import { isFinal, type MessageStatus } from "./status.ts";

const minute = 60;
const hour = 60 * minute;

/**
 * When to check a message, in seconds after its last news and then after each check. The last entry is when
 * we give up: three days after the last news (the last check is eight hours before), or one day after a
 * submission without an answer.
 */
const schedules = {
  /** The request was written but not answered: the provider is asked whether it has the message. */
  uncertain: [5, 15, 1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 17 * hour],
  /** A receipt (DLR) should have arrived by itself. */
  overdue: [1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** The provider sends no receipts: asking is the only way. */
  polled: [2, 5, 15, 1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** A failed message of which parts were not reported yet: what they cost is still unknown. */
  incomplete: [1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour],
  /** The provider may revise its final status. */
  revisable: [15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** The worker that was sending it should have recorded the end long ago. */
  abandoned: Array.from({ length: 100 }, () => 5 * minute),
} as const;

export type CheckReason = keyof typeof schedules;

/**
 * Every check is up to a tenth later than planned, differently for each message, so that the checks of a
 * campaign spread out.
 */
export const spread = 0.1;

/** The status that a provider may revise; undefined for most. */
export function revisableOf(kind: string | null): RevisableStatus | undefined {
  return kind !== null && isProviderKind(kind) ? registry[kind].revisable : undefined;
}

/**
 * Why a message in `status` must be checked later; undefined when it need not be. `lacksParts`: not all of its parts
 * have been reported.
 */
export function checkReason(
  status: MessageStatus,
  kind: string | null,
  lacksParts = false,
): CheckReason | undefined {
  if (status === "SUBMITTING") return "abandoned";
  if (status === "OUTCOME_UNKNOWN") return "uncertain";
  if (isFinal(status)) {
    if (revisableOf(kind)?.status === status) return "revisable";
    return lacksParts ? "incomplete" : undefined;
  }
  if (status === "SCHEDULED" || status === "QUEUED" || kind === null || !isProviderKind(kind))
    return undefined;
  return registry[kind].capabilities.receipts === "POLL" ? "polled" : "overdue";
}

/** Whether the schedule ends with this check, the present one included in `checks`. */
export const isLastCheck = (reason: CheckReason, checks: number): boolean =>
  checks >= schedules[reason].length;

/**
 * The first check of messages whose status changed at the same time, and over how many seconds to spread it.
 */
export function bulkCheckOf(
  reason: CheckReason | undefined,
  now: Date,
): { at: Date; spreadSeconds: number } | undefined {
  if (!reason) return undefined;
  const [seconds] = schedules[reason];
  return { at: new Date(now.getTime() + seconds * 1000), spreadSeconds: seconds * spread };
}

/**
 * When to check a message next, after `checks` checks since its last news; null when no further check is due.
 */
export function nextCheckAt(reason: CheckReason, checks: number, messageId: string, now: Date): Date | null {
  const seconds = schedules[reason][checks];
  if (seconds === undefined) return null;
  const jitter = Number.parseInt(messageId.slice(-4), 16) / 0x1_00_00;
  return new Date(now.getTime() + seconds * (1 + spread * jitter) * 1000);
}
