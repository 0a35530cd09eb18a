import type { ProviderProblem, ReconcileOutcome, UncertainSubmission } from "../provider.ts";
import { readDate, writeDate } from "../wire/dates.ts";
import { digitsOf, isSameText } from "../wire/text.ts";
import { listMessages } from "./list.ts";
import { rowReceipt } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import type { Row } from "./wire.ts";

/** How far Tonkra's clock may be behind ours, and how long it may take to store what it was given. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };

/**
 * Finds a submission whose answer was lost. Tonkra keeps no reference of ours, so the newest messages are searched
 * for one with the same number, sender, text and time that no other message of ours has: exactly one is ours.
 */
export async function reconcile(
  transport: Transport,
  submission: UncertainSubmission,
  timeZone: string,
): Promise<ReconcileOutcome> {
  const from = new Date(submission.attemptedAt.getTime() - window.beforeMs);
  const until = new Date(submission.attemptedAt.getTime() + window.afterMs);
  const sentAt = (row: Row): Date | undefined => readDate(row.sent_at, timeZone);
  const list = await listMessages(transport, {
    filters: {
      start_date: writeDate(from, timeZone),
      end_date: writeDate(until, timeZone),
      timezone: timeZone,
    },
    isPast: (row) => (sentAt(row) ?? from) < from,
  });
  if (!list.ok) return { kind: "unavailable", problem: list.problem };
  const isInTime = (row: Row): boolean => isBetween(sentAt(row), from, until);
  const matches = list.value.rows.filter((row) => isInTime(row) && isAlike(row, submission));
  return outcomeOf(matches, list.value.isComplete, submission, timeZone);
}

/** Old versions print no time. */
function isBetween(date: Date | undefined, from: Date, until: Date): boolean {
  return date === undefined || (from <= date && date <= until);
}

function isAlike(row: Row, { to, from, text, claimedIds = [] }: UncertainSubmission): boolean {
  const { uid } = row;
  return (
    uid !== undefined &&
    !claimedIds.includes(uid) &&
    digitsOf(row.to ?? "") === digitsOf(to) &&
    isSameSender(row.from, from) &&
    isSameText(row.message, text)
  );
}

/** A telephone number may lose its plus sign. */
function isSameSender(one: string | undefined, other: string): boolean {
  const isNumber = /^\+?\d+$/.test(other);
  return isSameText(isNumber ? one && digitsOf(one) : one, isNumber ? digitsOf(other) : other);
}

function outcomeOf(
  matches: readonly Row[],
  isComplete: boolean,
  { messageId }: UncertainSubmission,
  timeZone: string,
): ReconcileOutcome {
  const [row, another] = matches;
  if (another) return unavailable(`${matches.length} messages look like this one.`);
  if (row?.uid !== undefined) {
    const receipt = rowReceipt(row, { messageId, providerMessageId: row.uid }, timeZone);
    return { kind: "found", providerMessageId: row.uid, receipts: receipt ? [receipt] : [] };
  }
  return isComplete ? { kind: "absent" } : unavailable("The list is too long to be searched to its end.");
}

function unavailable(detail: string): ReconcileOutcome {
  const problem: ProviderProblem = { kind: "unreadable", detail };
  return { kind: "unavailable", problem };
}
