import type {
  ProviderProblem,
  ReconcileOutcome,
  ReconcileSupport,
  UncertainSubmission,
} from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { plainText } from "../wire/text.ts";
import { bulkSize } from "./bulk.ts";
import { fetchRows, receiptsOf } from "./look-up.ts";
import { readReplyOr } from "./problem.ts";
import type { Transport } from "./transport.ts";
import { type Campaign, readCampaigns, type Report } from "./wire.ts";

/** How far TikoSMS's clock may be behind ours, and how long it may take to store a message. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };

/** Maximum campaigns opened in one search; the nearest in time come first. */
const maxOpened = 2_000;

/**
 * Finds submissions whose answers were lost, in one reading of the list. TikoSMS cannot search by client_ref,
 * but it lists campaigns, and every message belongs to one. Those that match ours by sender ID, text and time
 * are opened, each once, until a row carries our client_ref. Only that is proof.
 */
export async function reconcile(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  support: ReconcileSupport,
  timeZone: string,
): Promise<ReconcileOutcome[]> {
  const list = readReplyOr(await transport.list("/get_messages"), [], readCampaigns);
  if (!list.ok) return submissions.map(() => ({ kind: "unavailable", problem: list.problem }));
  const candidates = await unknownOnes(candidatesAmong(list.value, submissions, timeZone), support);
  const missing = new Map(submissions.map((one) => [one.messageId, one]));
  const outcomes = new Map<string, ReconcileOutcome>();
  let problem: ProviderProblem | undefined = candidates.length > maxOpened ? tooMany : undefined;
  for (const { campaign_id, alike } of candidates.slice(0, maxOpened)) {
    // Another campaign already contained all that this one could contain.
    if (!alike.some(({ messageId }) => missing.has(messageId))) continue;
    const rows = await fetchRows(transport, { campaign_id });
    if (!rows.ok) {
      problem = rows.problem;
      break;
    }
    for (const [messageId, reports] of Map.groupBy(rows.value, ({ client_ref }) => client_ref)) {
      if (messageId === undefined || !missing.delete(messageId)) continue;
      outcomes.set(messageId, found(reports, campaign_id, timeZone));
    }
  }
  const otherwise: ReconcileOutcome = problem ? { kind: "unavailable", problem } : { kind: "absent" };
  return submissions.map(({ messageId }) => outcomes.get(messageId) ?? otherwise);
}

function found(reports: readonly Report[], campaignId: string, timeZone: string): ReconcileOutcome {
  return {
    kind: "found",
    providerMessageId: reports[0]?.message_id,
    providerBatchId: reports[0]?.campaign_id ?? campaignId,
    receipts: receiptsOf(reports, timeZone),
  };
}

/** Not `absent`: ours may be among the campaigns that were not opened. */
const tooMany: ProviderProblem = {
  kind: "unreadable",
  detail: `More than ${maxOpened} campaigns look like messages whose outcome is unknown.`,
};

interface Candidate {
  campaign_id: string;
  recipients: number;
  /** The submissions that it may contain. */
  alike: readonly UncertainSubmission[];
  /** Distance to the nearest of them in time. */
  distanceMs: number;
}

/** The campaigns that may contain submissions, the nearest in time first. */
function candidatesAmong(
  campaigns: readonly Campaign[],
  submissions: readonly UncertainSubmission[],
  timeZone: string,
): Candidate[] {
  const groups = Map.groupBy(submissions, ({ from, text }) => looks(from, text));
  return campaigns
    .flatMap(({ campaign_id, sender = "", message = "", recipients = 1, created_at }) => {
      // A longer campaign is not ours, and its list may not fit into one answer.
      if (campaign_id === undefined || recipients > bulkSize) return [];
      const createdAt = readDate(created_at, timeZone)?.getTime();
      const alike = (groups.get(looks(sender, message)) ?? []).filter((one) => isInTime(createdAt, one));
      const distances = alike.map(({ attemptedAt }) => Math.abs((createdAt ?? 0) - attemptedAt.getTime()));
      return alike.length > 0
        ? [
            {
              campaign_id,
              recipients,
              alike,
              distanceMs: distances.reduce((one, other) => Math.min(one, other)),
            },
          ]
        : [];
    })
    .toSorted((one, other) => one.distanceMs - other.distanceMs);
}

const looks = (sender: string, text: string): string => JSON.stringify([plainText(sender), plainText(text)]);

function isInTime(createdAt: number | undefined, { attemptedAt }: UncertainSubmission): boolean {
  const delayMs = createdAt === undefined ? 0 : createdAt - attemptedAt.getTime();
  return -window.beforeMs <= delayMs && delayMs <= window.afterMs;
}

/** Leaves out single-message campaigns that are known to belong to another of our messages. */
async function unknownOnes(
  candidates: readonly Candidate[],
  support: ReconcileSupport,
): Promise<readonly Candidate[]> {
  const single = candidates.filter(({ recipients }) => recipients === 1);
  const known = await support.knownBatches(single.map(({ campaign_id }) => campaign_id));
  return candidates.filter(({ campaign_id, recipients }) => recipients > 1 || !known.has(campaign_id));
}
