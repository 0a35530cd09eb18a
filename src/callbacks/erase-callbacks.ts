import type { Database, Statement } from "../database/database.ts";
import type { ErasedMessages } from "../messages/changes/erase-messages.ts";

const batchSize = 1_000;
/** A receipt is stored a moment after it was received, and the clocks of processes differ. */
const toleranceMs = 60_000;

// By the time, which is indexed; a body is of the person when it has the number or an id of one of the messages.
const eraseKnown: Statement = {
  name: "erase_callbacks_about_messages",
  text: `
    with gone as (
      delete from callbacks where id = any (array(
        select id from callbacks
        where received_at >= $1 and received_at <= $2 and provider_id = any ($3::uuid[])
          and (strpos(body, $4) > 0 or exists (select from unnest($5::text[]) as of (id) where strpos(body, of.id) > 0))
        limit ${batchSize}
      ))
      returning 1
    )
    select count(*)::int as count from gone`,
};

const eraseUnread: Statement = {
  name: "erase_quarantined_callbacks",
  text: `
    with gone as (
      delete from callbacks where id = any (array(
        select c.id from callbacks as c join providers as p on p.id = c.provider_id
        where c.state in ('QUARANTINED', 'UNREAD') and p.account_id = $1 and strpos(body, $2) > 0
        limit ${batchSize}
      ))
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Shorter ids may stand in bodies by chance. */
const minIdLength = 5;

/** Deletes the raw callbacks about messages of a person. Returns how many there were. */
export function eraseCallbacks(
  database: Database,
  number: string,
  { providerIds, providerMessageIds, from, until }: ErasedMessages,
): Promise<number> {
  if (from === null || until === null) return Promise.resolve(0);
  const ids = providerMessageIds.filter((id) => id.length >= minIdLength);
  return inBatches(database, eraseKnown, [
    new Date(from.getTime() - toleranceMs),
    new Date(until.getTime() + toleranceMs),
    providerIds,
    number.slice(1),
    ids,
  ]);
}

/** Deletes the raw callbacks with a number that could not be read: nobody knows whose messages they are about. */
export const eraseUnreadCallbacks = (
  database: Database,
  accountId: string,
  number: string,
): Promise<number> => inBatches(database, eraseUnread, [accountId, number.slice(1)]);

async function inBatches(database: Database, statement: Statement, values: unknown[]): Promise<number> {
  for (let gone = 0; ;) {
    const [row] = await database.query<{ count: number }>(statement, values);
    gone += row?.count ?? 0;
    if ((row?.count ?? 0) < batchSize) return gone;
  }
}
