import type { SubmitOutcome } from "../../providers/provider.ts";
import { tracedFor, type NewSpan } from "../../tracing/tracing.ts";
import type { DispatchMessage } from "./dispatch-message.ts";

type TracedMessage = Pick<DispatchMessage, "id" | "trace" | "campaignId">;

function submissionSpan(kind: string, messages: readonly TracedMessage[]): NewSpan {
  const [first, ...others] = messages;
  return {
    name: `send ${kind}`,
    kind: "client",
    attributes: {
      "messaging.system": kind.toLowerCase(),
      "messaging.operation.name": "submit",
      "messaging.operation.type": "send",
      "messaging.message.id": others.length === 0 ? first?.id : undefined,
      "messaging.batch.message_count": others.length === 0 ? undefined : messages.length,
      "smsgraph.campaign.id": first?.campaignId ?? undefined,
    },
  };
}

/** A code of few different values. */
const problemOf = (outcome: Exclude<SubmitOutcome, { kind: "accepted" }>): string =>
  outcome.kind === "rejected" ? outcome.failure.code : outcome.kind;

/** A request to a provider with one message or many, in the trace of the first that has one. */
export function tracedSubmission<Outcomes extends readonly SubmitOutcome[]>(
  kind: string,
  messages: readonly TracedMessage[],
  submit: () => Promise<Outcomes>,
): Promise<Outcomes> {
  const first = messages.find(({ trace }) => trace !== null);
  return tracedFor(first?.trace, submissionSpan(kind, messages), async (span) => {
    const outcomes = await submit();
    for (const outcome of outcomes) if (outcome.kind !== "accepted") span.fail(problemOf(outcome));
    return outcomes;
  });
}
