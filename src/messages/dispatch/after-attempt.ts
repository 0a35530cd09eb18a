import type { SubmitOutcome } from "../../providers/provider.ts";
import type { FinishedAttempt, Lateness } from "./attempts.ts";
import type { DispatchMessage } from "./dispatch-message.ts";
import type { NextRoute } from "./failover.ts";
import { laneFlag } from "../../queue/contract.ts";
import { dispatchKey, type NewJob } from "../../queue/jobs.ts";
import { creditRetryMs } from "../../lanes/decide.ts";
import { retryDelayMs } from "./retry.ts";
import type { StatusChange } from "../model/status-change.ts";

/** An attempt with everything that its outcome may need. */
export interface Finished extends FinishedAttempt {
  message: DispatchMessage;
  /** Undefined for an attempt of a worker that died. */
  startedAt: Date | undefined;
  /** The provider's kind, where a campaign began the attempt. */
  kind?: string;
}

/** What follows from an outcome: the change of the message, and another attempt where that is allowed. */
interface Consequences {
  change: StatusChange;
  /** The change to apply when the first one no longer applies. */
  otherwise?: StatusChange;
  retry?: NewJob;
}

/**
 * Only a message that is proven not accepted is tried again. One that may have been accepted never is, unless
 * its sender allows duplicates. `next`: the other provider that it goes to then, if any.
 */
export function consequencesOf(
  finished: Finished & Lateness,
  random: () => number,
  next?: NextRoute,
): Consequences {
  const { outcome } = finished;
  const base = baseOf(finished);
  switch (outcome.kind) {
    case "accepted": {
      const { providerMessageId, providerBatchId } = outcome;
      return { change: { ...base, status: "SUBMITTED", providerMessageId, providerBatchId } };
    }
    case "rejected":
      return afterRejection(finished, outcome, next);
    case "ambiguous": {
      const detail = `The provider may or may not have it: ${outcome.reason}.`;
      if (next) {
        const { change, ...others } = again(
          finished,
          atOnce(finished),
          `${detail} A duplicate is allowed.`,
          next,
        );
        return { ...others, change: { ...change, statusOfErased: "OUTCOME_UNKNOWN" } };
      }
      return { change: { ...base, status: "OUTCOME_UNKNOWN", detail } };
    }
    case "retryable":
      return afterRetryable(finished, outcome, random, next);
  }
}

const baseOf = ({ message, finishedAt }: Finished) =>
  ({
    messageId: message.id,
    providerId: message.providerId,
    source: "DISPATCH",
    receivedAt: finishedAt,
  }) as const;

/**
 * The message goes to no other provider when this one has it (a receipt may have shown that meanwhile), or
 * when the attempt was closed as ambiguous.
 */
const noLongerOurs = ["OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN"] as const;

function afterRejection(
  finished: Finished & Lateness,
  { status, failure }: Extract<SubmitOutcome, { kind: "rejected" }>,
  next: NextRoute | undefined,
): Consequences {
  const { message, finishedAt, isLate } = finished;
  const rejection = { ...baseOf(finished), status, failure } as const;
  // If the message is SUBMITTING again, that is another attempt: leave it alone.
  if (isLate) return { change: { ...rejection, onlyFrom: noLongerOurs } };
  if (!next || (message.validUntil && message.validUntil <= finishedAt)) return { change: rejection };
  const { change, ...others } = again(
    finished,
    atOnce(finished),
    `Refused: ${failure.text.replace(/\.$/, "")}.`,
    next,
  );
  return {
    ...others,
    change: { ...change, onlyFrom: ["SUBMITTING"] },
    otherwise: { ...rejection, onlyFrom: noLongerOurs },
  };
}

function afterRetryable(
  finished: Finished,
  { reason, retryAfterSeconds, noCredit }: Extract<SubmitOutcome, { kind: "retryable" }>,
  random: () => number,
  next: NextRoute | undefined,
): Consequences {
  const { message, attempt, finishedAt } = finished;
  const base = baseOf(finished);
  const counted = attempt - message.attemptsWithoutCredit;
  const delayMs = noCredit ? creditRetryMs : retryDelayMs(counted, retryAfterSeconds, random);
  if (delayMs === undefined) {
    const text = `The provider did not accept it in ${attempt} attempts. Last: ${reason}`;
    return {
      change: { ...base, status: "FAILED", failure: { code: "not_accepted", text, permanent: false } },
    };
  }
  const waitMs = next?.isImmediate === true ? 0 : delayMs;
  const runAt = new Date(finishedAt.getTime() + waitMs);
  if (message.validUntil && message.validUntil <= runAt) {
    const text = `The validity period ends before the next attempt. Last: ${reason}`;
    return { change: { ...base, status: "EXPIRED", failure: { code: "expired", text, permanent: true } } };
  }
  const detail = noCredit
    ? `Not accepted for lack of credit: ${reason}${next ? "" : " It waits until there is credit."}`
    : `Not accepted: ${reason}.${next?.isImmediate === true ? "" : ` Next attempt at ${runAt.toISOString()}.`}`;
  return again(finished, { delayMs: waitMs, retryAt: runAt }, detail, next);
}

/** How long until another attempt, and when that is. */
interface Delay {
  delayMs: number;
  retryAt: Date;
}

const atOnce = ({ finishedAt }: Finished): Delay => ({ delayMs: 0, retryAt: finishedAt });

/** Another attempt, with the next provider where there is one. */
function again(
  finished: Finished,
  { delayMs, retryAt }: Delay,
  why: string,
  next: NextRoute | undefined,
): Consequences {
  const { message } = finished;
  const detail = next ? `${why} It goes to ${next.name} instead.` : why;
  const rerouting = next?.rerouting;
  const change = { ...baseOf(finished), status: "QUEUED", detail, rerouting } as const;
  // A campaign claims its own messages again.
  if (message.campaignId !== null) return { change: { ...change, retryAt } };
  const providerId = rerouting?.providerId ?? message.providerId;
  return { change, retry: dispatchJob({ ...message, providerId }, { delayMs }) };
}

/** A delay counts by the database's clock, as the queue does: a process whose clock is ahead delays nothing for longer. */
export function dispatchJob(
  { id, priority, providerId, routed }: Pick<DispatchMessage, "id" | "priority" | "providerId" | "routed">,
  when: { delayMs: number } | { runAt: Date },
): NewJob {
  const lane = laneFlag(providerId, routed);
  return { task: "dispatch", payload: { messageId: id }, ...when, priority, lane, key: dispatchKey(id) };
}
