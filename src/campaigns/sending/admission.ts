import type { Queryable } from "../../database/database.ts";
import { admitMessages } from "../../lanes/admission.ts";
import type { DispatchMessage } from "../../messages/dispatch/dispatch-message.ts";
import type { Admission, SubmitRequest } from "./claim.ts";
import type { Submitter } from "./submitter.ts";

/** How often messages of a failing provider are checked for another route. */
const stuckMs = 2_000;

interface AdmissionOptions {
  submitter: Submitter;
  /** Providers whose lanes must be checked first. */
  toAsk: ReadonlySet<string>;
  now: Date;
}

/**
 * Turns the messages that their providers take now into requests, within this process's slots and the shared
 * lanes, and says what became of the others. Providers that cannot take messages yet are closed for the time
 * they need.
 */
export async function admit(
  transaction: Queryable,
  found: readonly DispatchMessage[],
  { submitter, toAsk, now }: AdmissionOptions,
): Promise<Admission> {
  const fitting = fit(submitter, found, now);
  const { requests, unread } = fitting;
  const asked = requests.filter(({ providerId }) => toAsk.has(providerId));
  const { waiting, distrusted } = await askLanes(transaction, asked, submitter, now);
  const admitted = requests.flatMap((request) => without(request, waiting));
  const taken = new Set(admitted.flatMap(({ messages }) => messages));
  const left = found.filter((message) => !taken.has(message) && !unread.has(message.providerId));
  const refusing = new Set(left.map(({ providerId }) => providerId));
  return { requests: admitted, stuck: [...fitting.stuck, ...distrusted], unread, refusing };
}

/** The requests for which this process has slots. */
function fit(
  submitter: Submitter,
  found: readonly DispatchMessage[],
  now: Date,
): Pick<Admission, "requests" | "stuck" | "unread"> {
  const requests: SubmitRequest[] = [];
  const stuck: DispatchMessage[] = [];
  const unread = new Set<string>();
  for (const [providerId, group] of Map.groupBy(found, (message) => message.providerId)) {
    const fitting = submitter.fit(providerId, group, now);
    if (fitting.kind === "unread") unread.add(providerId);
    else if (fitting.kind === "unavailable") stuck.push(...group);
    else requests.push(...fitting.requests);
  }
  return { requests, stuck, unread };
}

/** Asks the lanes of the requests' providers, and closes those that cannot take messages yet. */
async function askLanes(
  transaction: Queryable,
  requests: readonly SubmitRequest[],
  submitter: Submitter,
  now: Date,
): Promise<{ waiting: ReadonlySet<string>; distrusted: DispatchMessage[] }> {
  if (requests.length === 0) return { waiting: new Set(), distrusted: [] };
  const wanted = requests.flatMap(({ messages }) => messages);
  const byProvider = Map.groupBy(requests, ({ providerId }) => providerId);
  const bulkSizes = new Map([...byProvider].map(([id, [request]]) => [id, request?.messages.length ?? 1]));
  const { waiting } = await admitMessages(transaction, wanted, now, { isCampaign: true, bulkSizes });
  for (const { id, providerId } of wanted) {
    const wait = waiting.get(id);
    if (!wait) continue;
    const { isDistrusted, retryAfterMs } = wait;
    submitter.close(providerId, isDistrusted ? Math.min(retryAfterMs, stuckMs) : retryAfterMs);
  }
  const distrusted = wanted.filter(({ id }) => waiting.get(id)?.isDistrusted === true);
  return { waiting: new Set(waiting.keys()), distrusted };
}

/** The request without the waiting messages; empty when none are left. */
function without(request: SubmitRequest, waiting: ReadonlySet<string>): SubmitRequest[] {
  if (!request.messages.some(({ id }) => waiting.has(id))) return [request];
  const messages = request.messages.filter(({ id }) => !waiting.has(id));
  const submissions = request.submissions.filter(({ messageId }) => !waiting.has(messageId));
  return messages.length === 0 ? [] : [{ ...request, messages, submissions }];
}
