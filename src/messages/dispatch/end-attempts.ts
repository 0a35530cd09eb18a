import type { Queryable } from "../../database/database.ts";
import { acceptSingly } from "../changes/accept-singly.ts";
import { acceptMessages, type Acceptance } from "../changes/bulk-transition.ts";
import type { Finished } from "./after-attempt.ts";
import { finishAttempts, singleOutClaim, type Lateness } from "./attempts.ts";

/** A request for many messages. */
export type BulkRequest = Pick<Acceptance, "claim" | "kind">;

/** What ending attempts came to. */
export interface Ending {
  /** Attempts that had not ended before. */
  news: readonly Finished[];
  /** Those of them that need more work. */
  others: readonly (Finished & Lateness)[];
  /** Whether they tell the lanes something. */
  isLesson: boolean;
}

/** The attempts of one request, which usually were all accepted. */
export async function endTogether(
  transaction: Queryable,
  finished: readonly Finished[],
  request: BulkRequest,
): Promise<Ending> {
  const acceptance = acceptanceOf(finished, request);
  const accepted = acceptance && (await acceptMessages(transaction, acceptance));
  if (accepted?.kind !== "accepted") {
    await singleOutClaim(transaction, request.claim);
    return endEach(transaction, finished);
  }
  const others = finished.filter(({ message }) => !accepted.settled.has(message.id));
  return {
    news: finished,
    others: others.map((one) => ({ ...one, isLate: false })),
    isLesson: accepted.isWatched,
  };
}

/** Attempts that ended in any way. */
export async function endEach(transaction: Queryable, finished: readonly Finished[]): Promise<Ending> {
  const news = await finishAttempts(transaction, finished);
  return { news, others: news, isLesson: true };
}

/** Undefined when one was not accepted. */
function acceptanceOf(finished: readonly Finished[], request: BulkRequest): Acceptance | undefined {
  const [first] = finished;
  const attempts = acceptedOf(finished);
  if (!first || attempts.length < finished.length) return undefined;
  const { finishedAt: at, message } = first;
  return { ...request, providerId: message.providerId, at, attempts };
}

/** Accepted requests of one campaign's message each, by provider; and all others. */
export function divide(finished: readonly Finished[]): { plain: Finished[][]; others: Finished[] } {
  const { plain = [], others = [] } = Object.groupBy(finished, ({ kind, outcome }) =>
    kind !== undefined && outcome.kind === "accepted" ? "plain" : "others",
  );
  return { plain: [...Map.groupBy(plain, ({ message }) => message.providerId).values()], others };
}

/**
 * Accepted requests of one campaign's message each, all to the same provider. What had ended before is left
 * out: it needs `endEach`, in a transaction of its own, since this one has locked its messages.
 */
export async function endSingly(transaction: Queryable, finished: readonly Finished[]): Promise<Ending> {
  const [first] = finished;
  const step = { providerId: first?.message.providerId ?? "", kind: first?.kind ?? "" };
  const accepted = await acceptSingly(transaction, { ...step, attempts: acceptedOf(finished) });
  const news = finished.filter(({ message }) => accepted.ended.has(message.id));
  const others = news.filter(({ message }) => !accepted.settled.has(message.id));
  return {
    news,
    others: others.map((one) => ({ ...one, isLate: false })),
    isLesson: accepted.isWatched,
  };
}

const acceptedOf = (finished: readonly Finished[]) =>
  finished.flatMap(({ message: { id }, attempt: number, outcome, finishedAt }) =>
    outcome.kind === "accepted" ? [{ ...outcome, id, number, finishedAt }] : [],
  );
