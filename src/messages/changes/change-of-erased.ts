import type { StatusChange } from "../model/status-change.ts";
import type { MessageStatus } from "../model/status.ts";

/** The statuses of a message that is still to be sent. */
const unsent: ReadonlySet<MessageStatus> = new Set(["SCHEDULED", "QUEUED", "SUBMITTING"]);

/**
 * What a change is to a message whose text and recipient were taken away. It has no words, whoever wrote them: a provider and
 * a person may name the recipient. And there is nothing left to send: what would wait for an attempt is CANCELLED.
 */
export function changeOfErased(told: StatusChange): StatusChange {
  const { detail: _detail, providerStatus: _status, failure, ...change } = told;
  if (endsUnsent(told)) {
    const { rerouting: _rerouting, retryAt: _retryAt, ...end } = change;
    const { statusOfErased: status = "CANCELLED" } = told;
    return { ...end, status, detail: "The recipient was erased, so there is nothing to send." };
  }
  return { ...change, ...(failure && { failure: { ...failure, text: "The message was erased." } }) };
}

const endsUnsent = ({ status, source }: StatusChange): boolean =>
  unsent.has(status) || (status === "CANCELLED" && (source === "API" || source === "DISPATCH"));
