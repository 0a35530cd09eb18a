import { isProviderKind, registry } from "../../providers/registry.ts";
import type { RevisableStatus } from "../../providers/provider.ts";
import { isFinal, type MessageStatus } from "./status.ts";

const minute = 60;
const hour = 60 * minute;

/**
 * When to look after a message, in seconds after its last news and then after each look. The last entry of each is
 * the end: three days after the last news, shortly before which there is a last look; one day after a submission
 * without an answer.
 */
const schedules = {
  /** The request was written and not answered: the provider is asked whether it has the message. */
  uncertain: [5, 15, 1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 17 * hour],
  /** A receipt should have come by itself. */
  overdue: [1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** The provider sends no receipts: asking is the only way. */
  polled: [2, 5, 15, 1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** The provider may take its final word back. */
  revisable: [15 * minute, 1 * hour, 6 * hour, 24 * hour, 33 * hour, 8 * hour],
  /** A worker should have said how its request ended, long ago. */
  abandoned: Array.from({ length: 100 }, () => 5 * minute),
} as const;

export type CheckReason = keyof typeof schedules;

/** Every look is up to a tenth later than planned, differently for each message, so that a campaign spreads out. */
export const spread = 0.1;

/** What a provider may take back; undefined for most. */
export function revisableOf(kind: string | null): RevisableStatus | undefined {
  return kind !== null && isProviderKind(kind) ? registry[kind].revisable : undefined;
}

/** Why a message in `status` has to be looked after; undefined when it has not. */
export function checkReason(status: MessageStatus, kind: string | null): CheckReason | undefined {
  if (status === "SUBMITTING") return "abandoned";
  if (status === "OUTCOME_UNKNOWN") return "uncertain";
  if (isFinal(status)) return revisableOf(kind)?.status === status ? "revisable" : undefined;
  if (status === "SCHEDULED" || status === "QUEUED" || kind === null || !isProviderKind(kind))
    return undefined;
  return registry[kind].capabilities.receipts === "POLL" ? "polled" : "overdue";
}

/** Whether `checks` looks (the present one included) use up the schedule: then there is no further one. */
export const isLastCheck = (reason: CheckReason, checks: number): boolean =>
  checks >= schedules[reason].length;

/** When to look first after messages that had their news together, and over how long to spread that. */
export function bulkCheckOf(
  reason: CheckReason | undefined,
  now: Date,
): { at: Date; spreadSeconds: number } | undefined {
  if (!reason) return undefined;
  const [seconds] = schedules[reason];
  return { at: new Date(now.getTime() + seconds * 1000), spreadSeconds: seconds * spread };
}

/** When to look after a message next, `checks` looks having been taken since its last news; null when never. */
export function nextCheckAt(reason: CheckReason, checks: number, messageId: string, now: Date): Date | null {
  const seconds = schedules[reason][checks];
  if (seconds === undefined) return null;
  const jitter = Number.parseInt(messageId.slice(-4), 16) / 0x1_00_00;
  return new Date(now.getTime() + seconds * (1 + spread * jitter) * 1000);
}
