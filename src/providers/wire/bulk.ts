import type { Submission, SubmitOutcome } from "../provider.ts";
import { unmentioned } from "./outcomes.ts";

/** The result of a request with several messages. */
export type BulkReply =
  /** A verdict on each message, in their order. */
  | { kind: "each"; outcomes: readonly SubmitOutcome[] }
  /** One verdict on the request, which holds for all messages. */
  | { kind: "all"; outcome: SubmitOutcome };

/** How a provider takes several messages. */
interface BulkForm {
  /** Splits messages into groups that fit into one request; each message is in exactly one. */
  divide(submissions: readonly Submission[]): readonly (readonly Submission[])[];
  submitOne(submission: Submission): Promise<SubmitOutcome>;
  /** At least two messages. */
  submitTogether(submissions: readonly Submission[]): Promise<BulkReply>;
}

/** Concurrent requests of one bulk submission. */
const concurrentRequests = 4;

/** Maximum requests refused as a whole, while searching for the messages at fault. */
const maxRefusedTogether = 24;

/**
 * Submits messages in as few requests as the provider allows. A request refused as a whole is split until the
 * messages at fault are found. After a request that was not answered, or that was told to wait, nothing more
 * is sent; the remaining messages can be submitted later.
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

/**
 * None was accepted, for a reason that may concern only one of them, such as its number, or that there are
 * too many.
 */
const isParticular = (outcome: SubmitOutcome): outcome is SubmitOutcome & { kind: "rejected" } =>
  outcome.kind === "rejected" &&
  (outcome.status === "REJECTED" || outcome.failure.code === "provider_refused");

/** A message refused together with others may not be at fault, so it can be submitted again. */
function outcomeForEach(outcome: SubmitOutcome, messages: number): SubmitOutcome {
  if (messages === 1 || !isParticular(outcome)) return outcome;
  return { kind: "retryable", reason: `refused together with others: ${outcome.failure.text}` };
}

/** The outcome of the remaining messages when sending stops; undefined when it goes on. */
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

/** Splits items into parts of at most `size`, in order. */
export function partsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

/**
 * Groups messages with the same `key`, which holds the values shared by all recipients of a request. Each
 * number occurs once per group: where answers or providers go by number, a second message to it would be
 * lost.
 */
export function groupAlike(
  submissions: readonly Submission[],
  key: (submission: Submission) => readonly unknown[],
): Submission[][] {
  let last: { key: readonly unknown[]; text: string } | undefined;
  const alike = Map.groupBy(submissions, (submission) => {
    const parts = key(submission);
    // Usually all keys are equal, and comparing them is cheaper than serialising them.
    if (!last?.key.every((part, index) => part === parts[index]))
      last = { key: parts, text: JSON.stringify(parts) };
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
