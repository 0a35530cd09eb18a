import { shareCampaign } from "../../messages/changes/campaign-lock.ts";
import { beginAttempts } from "../../messages/changes/bulk-transition.ts";
import type { Queryable } from "../../database/database.ts";
import type { DispatchMessage } from "../../messages/dispatch/dispatch-message.ts";
import { minUuid } from "../../lib/uuid.ts";
import { applyChanges } from "../../messages/changes/transition.ts";
import type { Submission } from "../../providers/provider.ts";
import { leaveOutSuppressed } from "./suppressed.ts";
import { findNext } from "./next-messages.ts";
import { lockForClaim, refillMs, saveTokens, tokensOf, type RunningCampaign } from "./running-campaigns.ts";

interface ClaimRequest {
  /** As just read. */
  campaign: RunningCampaign;
  /** Maximum number of messages. */
  limit: number;
  /**
   * Only messages after this id. The ones before have been claimed, and skipping them each time would be
   * slow.
   */
  after: string | undefined;
  /** Providers that take nothing at present. */
  closed: readonly string[];
  /**
   * Decides which of the messages are submitted now. `toAsk`: providers whose lanes must be checked first.
   */
  admit: (
    transaction: Queryable,
    messages: readonly DispatchMessage[],
    toAsk: ReadonlySet<string>,
  ) => Promise<Admission>;
}

/** Which messages are submitted now, and why the others are not. */
export interface Admission {
  requests: SubmitRequest[];
  /** Messages of a failing, missing or disabled provider: another provider should take them. */
  stuck: readonly DispatchMessage[];
  /** Providers whose connection this process has not read yet. */
  unread: ReadonlySet<string>;
  /** Providers that did not take all they were offered. */
  refusing: ReadonlySet<string>;
}

/** Messages that are submitted in one request. */
export interface SubmitRequest {
  /** The claim: `<worker>/<number>`. */
  name: string;
  providerId: string;
  /** The provider's kind. */
  kind: string;
  messages: DispatchMessage[];
  /** What the provider gets, in the order of `messages`. */
  submissions: Submission[];
}

export interface Claim extends Admission {
  /** The id after which the next claim continues. */
  last: string | undefined;
  /** True when the open providers have nothing to claim. */
  isEmpty: boolean;
  /** Messages that ended without being submitted. */
  settled: number;
  /** Milliseconds until the campaign's own rate allows more. */
  restMs: number;
}

const nothing: Claim = {
  requests: [],
  stuck: [],
  unread: new Set(),
  refusing: new Set(),
  isEmpty: true,
  settled: 0,
  last: undefined,
  restMs: 0,
};

/**
 * Claims the next messages of a campaign. When the transaction commits they are SUBMITTING, each with an
 * attempt. Several workers may claim from one campaign at the same time.
 */
export async function claimMessages(
  transaction: Queryable,
  request: ClaimRequest,
  now: Date,
): Promise<Claim> {
  await shareCampaign(transaction, request.campaign.id);
  const campaign = await lockForClaim(transaction, request.campaign);
  if (campaign?.status !== "RUNNING" || campaign.waiting === 0) return nothing;
  const tokens = tokensOf(campaign, now);
  const limit = Math.min(request.limit, Math.floor(tokens));
  let { after } = request;
  if (limit < 1) return { ...nothing, isEmpty: false, last: after, restMs: refillMs(campaign, tokens) };
  const find = (start = minUuid) => findNext(transaction, campaign, { ...request, limit }, start, now);
  let found = await find(after);
  if (found.length === 0 && after !== undefined) {
    // Start again from the beginning: messages that were locked by another worker have been skipped.
    after = undefined;
    found = await find();
  }
  if (found.length === 0) return nothing;
  const unwanted = found.flatMap(({ message, isSuppressed }) => (isSuppressed ? message : []));
  await leaveOutSuppressed(transaction, campaign.id, unwanted, now);
  const wanted = found.filter(({ isSuppressed }) => !isSuppressed);
  const messages = wanted.map(({ message }) => message);
  const toAsk = new Set(wanted.flatMap(({ message, isToAsk }) => (isToAsk ? message.providerId : [])));
  const admission = await request.admit(transaction, messages, toAsk);
  await startSubmitting(transaction, admission.requests, now);
  const taken = new Set(admission.requests.flatMap((one) => one.messages.map(({ id }) => id)));
  const left = tokens - taken.size;
  await saveTokens(transaction, campaign, left, now);
  for (const { id } of unwanted) taken.add(id);
  const passed = found.flatMap(({ message, isPutBack }) => (isPutBack ? [] : message.id));
  const last = lastBefore(passed, taken) ?? after;
  const settled = unwanted.length;
  return { ...admission, settled, last, isEmpty: false, restMs: left >= 1 ? 0 : refillMs(campaign, left) };
}

/** The id before the first message that was not taken. */
function lastBefore(found: readonly string[], taken: ReadonlySet<string>): string | undefined {
  const ids = found.toSorted();
  const first = ids.findIndex((id) => !taken.has(id));
  return first < 0 ? ids.at(-1) : ids[first - 1];
}

async function startSubmitting(
  transaction: Queryable,
  requests: readonly SubmitRequest[],
  now: Date,
): Promise<void> {
  const together = requests.flatMap(({ messages }) => messages);
  await queueDue(transaction, together, now);
  for (const [providerId, ofProvider] of Map.groupBy(requests, (request) => request.providerId)) {
    const attempts = ofProvider.flatMap(({ name: claim, messages }) =>
      messages.map(({ id, attempts: made }) => ({ id, number: made + 1, claim })),
    );
    await beginAttempts(transaction, { providerId, kind: ofProvider[0]?.kind ?? "", at: now, attempts });
  }
}

/** Scheduled messages whose time has come become QUEUED before they are submitted. */
async function queueDue(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  receivedAt: Date,
): Promise<void> {
  const due = messages.filter(({ status }) => status === "SCHEDULED");
  if (due.length === 0) return;
  const change = { status: "QUEUED", source: "DISPATCH", receivedAt } as const;
  await applyChanges(
    transaction,
    due.map(({ id: messageId, providerId }) => ({ ...change, messageId, providerId })),
  );
}
