import type { Queryable, Statement } from "../../database/database.ts";

/**
 * Anyone who has a callback URL can post the same receipt for ever. A few repeats are kept, since it is
 * useful to see that there are some; the others are only counted.
 */
const maxAlike = 3;
/** The limit for all ignored events of a message, since repeats can differ in a word. */
const maxIgnored = 30;

/** The fields by which two ignored events count as the same. */
interface IgnoredEvent {
  messageId: string;
  status: string;
  providerStatus: string | null;
  part: number;
}

const countIgnored: Statement = {
  name: "count_ignored_events",
  text: `
    select message_id as "messageId", status, provider_status as "providerStatus", part, count(*)::int as count
    from message_events
    where message_id = any ($1::uuid[]) and not applied and ignored_reason <> 'AWAITING_PARTS'
    group by 1, 2, 3, 4`,
};

/** The events whose content the timeline already has often enough. */
export async function findReplays<Event extends IgnoredEvent>(
  transaction: Queryable,
  ignored: readonly Event[],
): Promise<ReadonlySet<Event>> {
  if (ignored.length === 0) return new Set();
  const ids = [...new Set(ignored.map(({ messageId }) => messageId))];
  const alike = new Map<string, number>();
  const add = (event: IgnoredEvent, count: number): boolean => {
    const limits = [
      [keyOf(event), maxAlike],
      [event.messageId, maxIgnored],
    ] as const;
    const isFull = limits.some(([key, max]) => (alike.get(key) ?? 0) >= max);
    for (const [key] of limits) alike.set(key, (alike.get(key) ?? 0) + count);
    return isFull;
  };
  const known = await transaction.query<IgnoredEvent & { count: number }>(countIgnored, [ids]);
  for (const event of known) add(event, event.count);
  return new Set(ignored.filter((event) => add(event, 1)));
}

const keyOf = ({ messageId, status, providerStatus, part }: IgnoredEvent): string =>
  JSON.stringify([messageId, status, providerStatus, part]);
