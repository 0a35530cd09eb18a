import type { InboundList, InboundReading, ProviderReply } from "../provider.ts";
import { readDate, writeDate } from "../wire/dates.ts";
import { walkList } from "./list.ts";
import type { Transport } from "./transport.ts";
import type { Row } from "./wire.ts";

/** How far Tonkra's clock may be from ours. */
const toleranceMs = 5 * 60_000;

/** What one reading holds in memory: messages, and the characters of their texts. More than people write in a minute. */
const mostAtOnce = { messages: 50_000, characters: 10_000_000 };

/**
 * Messages from people in the list: those that are `incoming`. The documentation has no example of one. Versions that give
 * no direction or no time have none to tell from ours, so the reading ends at their first row.
 */
export async function readInbound(
  transport: Transport,
  since: Date,
  timeZone: string,
): Promise<ProviderReply<InboundList>> {
  const from = new Date(since.getTime() - toleranceMs);
  const until = new Date(Date.now() + 24 * 3_600_000);
  const found = new Map<string, InboundReading>();
  let characters = 0;
  const list = await walkList(transport, {
    filters: {
      direction: "incoming",
      start_date: writeDate(from, timeZone),
      end_date: writeDate(until, timeZone),
      timezone: timeZone,
    },
    isPast: ({ direction, sent_at: time }) => {
      const at = readDate(time, timeZone);
      return direction === undefined || at === undefined || at < from;
    },
    take: (row) => {
      const reading = toInbound(row, timeZone);
      if (reading?.providerMessageId === undefined || found.has(reading.providerMessageId)) return;
      found.set(reading.providerMessageId, reading);
      characters += JSON.stringify(reading).length;
    },
    isFull: () => found.size >= mostAtOnce.messages || characters >= mostAtOnce.characters,
  });
  if (!list.ok && found.size === 0) return list;
  // What was read counts, even if the list broke off: the next reading begins at the same time. A list that has no end, or
  // tells the same for ever, would tell no more the next time.
  return { ok: true, value: { readings: [...found.values()].toReversed(), isComplete: list.ok } };
}

function toInbound(row: Row, timeZone: string): InboundReading | undefined {
  const { uid, from, to, message, direction } = row;
  if (direction?.trim().toLowerCase() !== "incoming" || uid === undefined || from === undefined)
    return undefined;
  return { providerMessageId: uid, from, to, text: message ?? "", sentAt: readDate(row.sent_at, timeZone) };
}
