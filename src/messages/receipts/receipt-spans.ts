import { noteFor } from "../../tracing/tracing.ts";
import type { Transition } from "../changes/transition.ts";

/** Notes receipts in the traces of their messages, linked to the request or job that brought them. */
export function noteReceipts(outcomes: readonly { kind: string; transition?: Transition }[]): void {
  for (const { transition } of outcomes) if (transition?.trace != null) note(transition);
}

function note({ change, applied, ignoredReason, trace }: Transition): void {
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
