import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { failureOf, readStatus } from "./status.ts";

/** One message is reported on as a whole: the number of its parts is only told, never which of them it is about. */
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
