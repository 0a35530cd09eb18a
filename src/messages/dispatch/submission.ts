import type { E164, Submission } from "../../providers/provider.ts";
import type { DispatchMessage } from "./dispatch-message.ts";
import { validityMinutes } from "../model/validity.ts";

/** A message as its provider gets it when it is submitted at `startedAt`. */
export function toSubmission(message: DispatchMessage, callbackUrl: string, startedAt: Date): Submission {
  const { id: messageId, recipient, sender: from, text, encoding, segments, flash, priority } = message;
  return {
    messageId,
    to: recipient as E164,
    from,
    text,
    encoding,
    segments,
    flash,
    priority,
    validityMinutes: validityMinutes(message.validUntil, startedAt),
    cadenceGroupId: message.cadenceGroupId ?? undefined,
    dltTemplateId: message.dltTemplateId ?? undefined,
    callbackUrl,
  };
}
