import type {
  ProviderProblem,
  ProviderReply,
  Receipt,
  ReconcileOutcome,
  ReconcileSupport,
  SubmitOutcome,
  UncertainSubmission,
} from "../provider.ts";
import { unansweredProblem } from "../wire/answers.ts";
import { unmentioned } from "../wire/outcomes.ts";
import type { QikliSettings } from "./config.ts";
import { readLogs } from "./logs.ts";
import { writeRequest } from "./request.ts";
import { duplicateCode } from "./status.ts";
import { judge } from "./submit.ts";
import { sendPath, type Transport } from "./transport.ts";

const concurrentResends = 4;

/** Problems that would affect the next message as well. */
const general: ReadonlySet<ProviderProblem["kind"]> = new Set([
  "deferred",
  "unreachable",
  "busy",
  "unauthenticated",
]);

/**
 * Finds submissions whose answers were lost. It reads the logs if that is allowed; otherwise it sends the
 * same request with the same message id once more. Qikli accepts each message id only once, so a "duplicate"
 * proves that the first request was accepted, and an acceptance proves that the message is accepted now. Any
 * other answer proves nothing about the first request.
 */
export async function reconcile(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  support: ReconcileSupport,
  settings: QikliSettings,
): Promise<ReconcileOutcome[]> {
  const outcomes = new Map<string, ReconcileOutcome>();
  for (const [messageId, receipts] of await logged(transport, submissions, settings)) {
    outcomes.set(messageId, foundInLogs(receipts));
  }
  const missing = submissions.filter(({ messageId }) => !outcomes.has(messageId));
  let problem: ProviderProblem | undefined;
  const waiting = missing.values();
  const work = async (): Promise<void> => {
    // The workers share one iterator, so each submission is taken once.
    for (const submission of waiting) {
      const outcome = problem
        ? ({ kind: "unavailable", problem } as const)
        : await resend(transport, submission, support, settings);
      outcomes.set(submission.messageId, outcome);
      if (outcome.kind === "unavailable" && general.has(outcome.problem.kind)) problem ??= outcome.problem;
    }
  };
  if (settings.resend) await Promise.all(Array.from({ length: concurrentResends }, work));
  return submissions.map(({ messageId }) => outcomes.get(messageId) ?? absent);
}

const absent: ReconcileOutcome = { kind: "absent" };

/** Qikli does not document the logs, so a problem with them does not stop the reconciliation. */
async function logged(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  { logs, timeZone }: QikliSettings,
): Promise<ReadonlyMap<string, readonly Receipt[]>> {
  const reply: ProviderReply<ReadonlyMap<string, readonly Receipt[]>> | undefined = logs
    ? await readLogs(transport, submissions, timeZone)
    : undefined;
  return reply?.ok === true ? reply.value : new Map();
}

function foundInLogs(receipts: readonly Receipt[]): ReconcileOutcome {
  const [first] = receipts;
  const { providerMessageId, providerBatchId } = first ?? {};
  return { kind: "found", providerMessageId, providerBatchId, receipts: [...receipts] };
}

async function resend(
  transport: Transport,
  submission: UncertainSubmission,
  support: ReconcileSupport,
  { format }: QikliSettings,
): Promise<ReconcileOutcome> {
  if (!(await support.claimResend(submission.messageId))) return absent;
  const reply = await transport.post(sendPath, writeRequest([submission], format));
  if (reply.kind === "notSent") {
    await support.returnResend(submission.messageId);
    return unavailable(unansweredProblem(reply));
  }
  const judged = judge(reply, [submission], transport);
  return outcomeOfResend(
    judged.kind === "all" ? judged.outcome : (judged.outcomes[0] ?? unmentioned),
    submission,
  );
}

function outcomeOfResend(outcome: SubmitOutcome, { messageId }: UncertainSubmission): ReconcileOutcome {
  switch (outcome.kind) {
    case "accepted": {
      const { providerMessageId, providerBatchId } = outcome;
      return { kind: "found", providerMessageId, providerBatchId, receipts: [] };
    }
    case "rejected": {
      const { code, text: detail } = outcome.failure;
      if (code === duplicateCode) return { kind: "found", providerMessageId: messageId, receipts: [] };
      if (outcome.status === "REJECTED") return absent;
      return unavailable({
        kind: code === "provider_unauthenticated" ? "unauthenticated" : "refused",
        detail,
      });
    }
    case "retryable": {
      // Being out of credit is a verdict on the message, as a rejection is.
      if (outcome.noCredit) return absent;
      const { reason: detail, retryAfterSeconds } = outcome;
      return unavailable({ kind: "busy", detail, retryAfterSeconds });
    }
    case "ambiguous":
      return unavailable({ kind: "unreachable", detail: outcome.reason });
  }
}

function unavailable(problem: ProviderProblem): ReconcileOutcome {
  return { kind: "unavailable", problem };
}
