import type { SubmitOutcome } from "../providers/provider.ts";
import type { DispatchMessage, FinishedAttempt } from "./attempts.ts";
import { laneFlag } from "./closed-lanes.ts";
import type { NewJob } from "./jobs.ts";
import { retryDelayMs } from "./retry.ts";
import type { StatusChange } from "./status-change.ts";

/** An attempt with everything that its outcome may need. */
export interface Finished extends FinishedAttempt {
  message: DispatchMessage;
  /** Undefined for an attempt of a worker that died. */
  startedAt: Date | undefined;
}

/** What follows from an outcome: the change of the message, and another attempt where that is allowed. */
export interface Consequences {
  change: StatusChange;
  retry?: NewJob;
}

/** Only what is proven not accepted is tried again; what may have been accepted never is. */
export function consequencesOf(finished: Finished, random: () => number): Consequences {
  const { message, outcome, finishedAt } = finished;
  const base = { messageId: message.id, source: "DISPATCH", receivedAt: finishedAt } as const;
  switch (outcome.kind) {
    case "accepted": {
      const { providerMessageId, providerBatchId } = outcome;
      return { change: { ...base, status: "SUBMITTED", providerMessageId, providerBatchId } };
    }
    case "rejected":
      return { change: { ...base, status: outcome.status, failure: outcome.failure } };
    case "ambiguous": {
      const detail = `The provider may or may not have it: ${outcome.reason}.`;
      return { change: { ...base, status: "OUTCOME_UNKNOWN", detail } };
    }
    case "retryable":
      return afterRefusal(finished, outcome, random);
  }
}

function afterRefusal(
  { message, attempt, finishedAt }: Finished,
  { reason, retryAfterSeconds }: Extract<SubmitOutcome, { kind: "retryable" }>,
  random: () => number,
): Consequences {
  const base = { messageId: message.id, source: "DISPATCH", receivedAt: finishedAt } as const;
  const delayMs = retryDelayMs(attempt, retryAfterSeconds, random);
  if (delayMs === undefined) {
    const text = `The provider did not accept it in ${attempt} attempts. Last: ${reason}`;
    return {
      change: { ...base, status: "FAILED", failure: { code: "not_accepted", text, permanent: false } },
    };
  }
  const runAt = new Date(finishedAt.getTime() + delayMs);
  if (message.validUntil && message.validUntil <= runAt) {
    const text = `The validity period ends before the next attempt. Last: ${reason}`;
    return { change: { ...base, status: "EXPIRED", failure: { code: "expired", text, permanent: true } } };
  }
  const detail = `Not accepted: ${reason}. Next attempt at ${runAt.toISOString()}.`;
  // A campaign finds its own messages again.
  if (message.campaignId !== null) return { change: { ...base, status: "QUEUED", detail, retryAt: runAt } };
  return { change: { ...base, status: "QUEUED", detail }, retry: dispatchJob(message, runAt) };
}

export function dispatchJob({ id, priority, providerId }: DispatchMessage, runAt: Date): NewJob {
  return { task: "dispatch", payload: { messageId: id }, runAt, priority, lane: laneFlag(providerId) };
}
