import type { ReconcileOutcome, UncertainSubmission } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { isSameText } from "../wire/text.ts";
import { bulkSize } from "./bulk.ts";
import type { Lists } from "./lists.ts";
import { receiptsOf } from "./look-up.ts";
import type { Campaign } from "./wire.ts";

/** How far TikoSMS's clock may be behind ours, and how long it may take to store what it was given. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };
const maxCandidates = 20;

/**
 * Finds a submission whose answer was lost. TikoSMS cannot be asked for a client_ref, but lists its campaigns,
 * of which every message has one: those that could be ours by sender, text and time are opened until a row
 * carries our client_ref, which alone is proof.
 */
export async function reconcile(
  lists: Lists,
  submission: UncertainSubmission,
  timeZone: string,
): Promise<ReconcileOutcome> {
  const list = await lists.campaigns();
  if (!list.ok) return { kind: "unavailable", problem: list.problem };
  const candidates = candidatesAmong(list.value, submission, timeZone);
  for (const campaign_id of candidates.slice(0, maxCandidates)) {
    const rows = await lists.rows(campaign_id);
    if (!rows.ok) return { kind: "unavailable", problem: rows.problem };
    const ours = rows.value.filter((row) => row.client_ref === submission.messageId);
    if (ours[0]) {
      const providerBatchId = ours[0].campaign_id ?? campaign_id;
      const receipts = receiptsOf(ours, timeZone);
      return { kind: "found", providerMessageId: ours[0].message_id, providerBatchId, receipts };
    }
  }
  return candidates.length > maxCandidates ? tooMany : { kind: "absent" };
}

/** Not `absent`: the campaigns that were not opened may include ours. */
const tooMany: ReconcileOutcome = {
  kind: "unavailable",
  problem: { kind: "unreadable", detail: `More than ${maxCandidates} campaigns look like this message.` },
};

/** The ids of the campaigns that could hold the submission, the nearest in time first. */
function candidatesAmong(
  campaigns: readonly Campaign[],
  submission: UncertainSubmission,
  timeZone: string,
): string[] {
  const attemptedAt = submission.attemptedAt.getTime();
  return campaigns
    .flatMap(({ campaign_id, sender, message, recipients = 1, created_at }) => {
      const delayMs = (readDate(created_at, timeZone)?.getTime() ?? attemptedAt) - attemptedAt;
      const isInTime = -window.beforeMs <= delayMs && delayMs <= window.afterMs;
      const isAlike = isSameText(sender, submission.from) && isSameText(message, submission.text);
      // One that is longer is not ours, and may not fit into one answer.
      const isShort = recipients <= bulkSize;
      return campaign_id && isInTime && isAlike && isShort ? [{ campaign_id, delayMs }] : [];
    })
    .toSorted((one, other) => Math.abs(one.delayMs) - Math.abs(other.delayMs))
    .map(({ campaign_id }) => campaign_id);
}
