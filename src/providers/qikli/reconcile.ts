import type { ProviderProblem, ReconcileOutcome, SubmitOutcome, UncertainSubmission } from "../provider.ts";
import type { QikliSettings } from "./config.ts";
import { lookUp } from "./reports.ts";
import { duplicateCode } from "./status.ts";
import { submit } from "./submit.ts";
import type { Transport } from "./transport.ts";

/**
 * Finds a submission whose answer was lost: in the logs, where they may be asked, else by sending the same request
 * with the same message id once more. Qikli takes each message id once, so a duplicate proves that the first
 * request was accepted, and an acceptance that it is now. Any other answer proves nothing about the first.
 */
export async function reconcile(
  transport: Transport,
  submission: UncertainSubmission,
  settings: QikliSettings,
): Promise<ReconcileOutcome> {
  if (settings.logs) {
    const logged = await lookUp(transport, [submission], settings.timeZone);
    if (logged.ok && logged.value[0]) {
      const { providerMessageId, providerBatchId } = logged.value[0];
      return { kind: "found", providerMessageId, providerBatchId, receipts: logged.value };
    }
  }
  if (!settings.resend || submission.resendAllowed === false) return { kind: "absent" };
  return outcomeOfResend(await submit(transport, submission, settings), submission);
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
      if (outcome.status === "REJECTED") return { kind: "absent" };
      return unavailable({
        kind: code === "provider_unauthenticated" ? "unauthenticated" : "refused",
        detail,
      });
    }
    case "retryable": {
      // A verdict on the message, as a rejection is.
      if (outcome.noCredit) return { kind: "absent" };
      const { reason: detail, retryAfterSeconds } = outcome;
      const kind = retryAfterSeconds === undefined ? "unreachable" : "busy";
      return unavailable({ kind, detail, retryAfterSeconds });
    }
    case "ambiguous":
      return unavailable({ kind: "unreachable", detail: outcome.reason });
  }
}

function unavailable(problem: ProviderProblem): ReconcileOutcome {
  return { kind: "unavailable", problem };
}
