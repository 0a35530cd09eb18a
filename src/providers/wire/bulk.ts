import type { Submission, SubmitOutcome } from "../provider.ts";
import { unmentioned } from "./outcomes.ts";

/** What became of a request that carried several messages. */
export type BulkReply =
  /** A verdict on each, in the order of the messages. */
  | { kind: "each"; outcomes: readonly SubmitOutcome[] }
  /** The same for all of them, as it is about the request. */
  | { kind: "all"; outcome: SubmitOutcome };

/** How one provider takes several messages. */
export interface BulkForm {
  /** Divides messages into those that one request can carry; each of them is in one part. */
  divide(submissions: readonly Submission[]): readonly (readonly Submission[])[];
  submitOne(submission: Submission): Promise<SubmitOutcome>;
  /** Two messages at least. */
  submitTogether(submissions: readonly Submission[]): Promise<BulkReply>;
}

/** Requests of one bulk under way at a time, where it needs several. */
const concurrentRequests = 4;

/** More requests than this are not spent on finding the messages for which others were refused. */
const maxRefusedTogether = 24;

/**
 * Submits messages in as few requests as the form allows. A request that was refused as a whole is divided until
 * the messages at fault are found. After a request that was not answered, or told to wait, nothing more is written:
 * the messages left can be submitted later.
 */
export async function submitInBulk(
  submissions: readonly Submission[],
  form: BulkForm,
): Promise<SubmitOutcome[]> {
  const outcomes = new Map<Submission, SubmitOutcome>();
  const waiting = form.divide(submissions).map((part) => [...part]);
  let refusedTogether = 0;
  let stop: SubmitOutcome | undefined;

  const submitPart = async (part: readonly Submission[]): Promise<void> => {
    const reply = stop ? ({ kind: "all", outcome: stop } as const) : await ask(form, part);
    if (reply.kind === "all" && part.length > 1 && isParticular(reply.outcome)) {
      if (++refusedTogether <= maxRefusedTogether) return void waiting.unshift(...halves(part));
    }
    if (reply.kind === "all") stop ??= outcomeOfTheRest(reply.outcome);
    const outcomeAt = (index: number): SubmitOutcome | undefined =>
      reply.kind === "each" ? reply.outcomes[index] : outcomeForEach(reply.outcome, part.length);
    for (const [index, submission] of part.entries())
      outcomes.set(submission, outcomeAt(index) ?? unmentioned);
  };
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await submitPart(part);
  };
  await Promise.all(Array.from({ length: concurrentRequests }, work));
  return submissions.map((submission) => outcomes.get(submission) ?? unmentioned);
}

async function ask(form: BulkForm, part: readonly Submission[]): Promise<BulkReply> {
  const [first, ...others] = part;
  if (first === undefined || others.length > 0) return form.submitTogether(part);
  return { kind: "all", outcome: await form.submitOne(first) };
}

/** None was taken, for a reason that may lie with one of them only: its number, or that they are too many. */
const isParticular = (outcome: SubmitOutcome): outcome is SubmitOutcome & { kind: "rejected" } =>
  outcome.kind === "rejected" &&
  (outcome.status === "REJECTED" || outcome.failure.code === "provider_refused");

/** A message that was refused with others, and not because of them for certain, can be submitted again. */
function outcomeForEach(outcome: SubmitOutcome, messages: number): SubmitOutcome {
  if (messages === 1 || !isParticular(outcome)) return outcome;
  return { kind: "retryable", reason: `refused together with others: ${outcome.failure.text}` };
}

/** What becomes of the messages that are not written any more; undefined while others can follow. */
function outcomeOfTheRest(outcome: SubmitOutcome): SubmitOutcome | undefined {
  if (outcome.kind === "retryable") return outcome;
  if (outcome.kind === "ambiguous") return { kind: "retryable", reason: `not sent: ${outcome.reason}` };
  const isLockedOut = outcome.kind === "rejected" && outcome.failure.code === "provider_unauthenticated";
  return isLockedOut ? outcome : undefined;
}

function halves<Item>(items: readonly Item[]): Item[][] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** Parts of at most this many, in order. */
export function partsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

/**
 * Divides messages into those that can share what is said once for all recipients of a request (`key` is the same),
 * each number once: where an answer or a provider goes by numbers, a second message to one would be lost.
 */
export function groupAlike(
  submissions: readonly Submission[],
  key: (submission: Submission) => readonly unknown[],
): Submission[][] {
  let last: { key: readonly unknown[]; text: string } | undefined;
  const alike = Map.groupBy(submissions, (submission) => {
    const own = key(submission);
    // Mostly all are alike, and to compare keys costs less than to write them down.
    if (!last?.key.every((part, place) => part === own[place]))
      last = { key: own, text: JSON.stringify(own) };
    return last.text;
  });
  return [...alike.values()].flatMap(withEachNumberOnce);
}

function withEachNumberOnce(submissions: readonly Submission[]): Submission[][] {
  const rounds: Submission[][] = [];
  const seen = new Map<string, number>();
  for (const submission of submissions) {
    const round = seen.get(submission.to) ?? 0;
    seen.set(submission.to, round + 1);
    (rounds[round] ??= []).push(submission);
  }
  return rounds;
}
