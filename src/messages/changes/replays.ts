import type { Queryable, Statement } from "../../database/database.ts";

/**
 * Whoever has a callback URL can post the same receipt for ever. A few of them tell that it is repeated, which is worth
 * knowing; more are only counted.
 */
const maxAlike = 3;
/** Of all ignored ones of a message: what is repeated can differ in a word. */
const maxIgnored = 30;

/** What an ignored event says, as far as two of them can be the same. */
export interface IgnoredEvent {
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

/** Those that say only what the timeline has often enough. */
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
