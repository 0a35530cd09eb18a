import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { failureOf, readStatus } from "./status.ts";

/**
 * A receipt covers the whole message: Telekom SK reports the number of parts, but no status for each part.
 */
export function receiptOf(
  providerMessageId: string,
  word: string,
  time: string | undefined,
  timeZone: string,
): Receipt {
  const status = readStatus(word);
  return {
    providerMessageId,
    status,
    providerStatus: word,
    occurredAt: readDate(time, timeZone),
    part: 1,
    parts: 1,
    failure: failureOf(status),
  };
}
