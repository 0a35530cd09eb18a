import type { MessageFailure, ReportedStatus, StatusMap } from "../provider.ts";
import { printable } from "../wire/answers.ts";
import { failureReader, statusReader } from "../wire/status.ts";

/**
 * The status words of the platform behind Tonkra (public clients), since its documentation lists none. Then
 * the SMPP words that its gateways pass on. A message that waits in Tonkra's own queue counts as submitted.
 */
const statuses = {
  DELIVERED: "DELIVERED",
  FAILED: "FAILED",
  UNDELIVERED: "UNDELIVERED",
  EXPIRED: "EXPIRED",
  REJECTED: "REJECTED",
  INVALID: "REJECTED",
  SKIPPED: "REJECTED",
  PENDING: "SUBMITTED",
  QUEUED: "SUBMITTED",
  SCHEDULED: "SUBMITTED",
  ACCEPTED: "SENT",
  ENROUTE: "SENT",
  SENT: "SENT",
  UNKNOWN: "UNKNOWN",

  DELIVRD: "DELIVERED",
  UNDELIV: "UNDELIVERED",
  REJECTD: "REJECTED",
  ACCEPTD: "SENT",
} as const satisfies StatusMap;

const readWord = statusReader(statuses);
const failureOf = failureReader("Tonkra");

/** Old versions write `Delivered|<id at the gateway>`. */
const wordOf = (printed: string): string => printed.split("|", 1)[0]?.trim() ?? "";
const isListed = (word: string): boolean => Object.hasOwn(statuses, word.toUpperCase());

/**
 * The meaning of a status. Gateways also write whole sentences: those that deny a delivery are recognised.
 */
export function readStatus(printed: string): ReportedStatus {
  const word = wordOf(printed);
  return !isListed(word) && deniesDelivery(word) ? "UNDELIVERED" : readWord(word);
}

function deniesDelivery(sentence: string): boolean {
  return (
    /deliver/i.test(sentence) &&
    /\bun(deliver\w*|able|successful\w*|reachable)\b|\b(can)?not\b|n't\b/i.test(sentence)
  );
}

/** The failure for a status, in the gateway's own words if it used any. */
export function readFailure(printed: string): MessageFailure | undefined {
  const word = wordOf(printed);
  if (/^skipped$/i.test(word))
    return { code: "skipped", text: "Tonkra skipped the message.", permanent: false };
  const failure = failureOf(readStatus(printed));
  return failure && !isListed(word) ? { ...failure, text: printable(word) } : failure;
}
