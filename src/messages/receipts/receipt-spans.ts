import { noteFor } from "../../tracing/tracing.ts";
import type { ChangeOutcome } from "../changes/transition.ts";

/** Notes receipts in the traces of their messages, linked to the request or job that brought them. */
export function noteReceipts(outcomes: readonly { kind: string; transition?: ChangeOutcome }[]): void {
  for (const { transition } of outcomes) if (transition) noteReceipt(transition);
}

export function noteReceipt(outcome: ChangeOutcome): void {
  if (outcome.kind === "skipped" || outcome.trace === null) return;
  const { change, applied, ignoredReason, trace } = outcome;
  noteFor(trace, {
    name: "process receipt",
    kind: "consumer",
    startedAt: change.receivedAt,
    attributes: {
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.message.id": change.messageId,
      "smsgraph.receipt.source": change.source,
      "smsgraph.receipt.status": change.status,
      "smsgraph.receipt.applied": applied,
      "smsgraph.receipt.ignored_reason": ignoredReason ?? undefined,
    },
  });
}
