import { openDatabase, type Database } from "../../src/database/database.ts";
import { eventChannel } from "../../src/messages/log/event-log.ts";

/** Writes events in a process of its own. Started with the database's URL; each message is a list of message ids. */

const database: Database = openDatabase(process.argv[2] ?? "", { poolSize: 1 });

/**
 * A transaction with an event for each message, and nothing else: to find out what a receipt means is no part of sending
 * its event on, and what it is compared with has its bytes ready.
 */
const insert = {
  name: "insert_events",
  text: `
    with logged as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, ignored_reason, occurred_at, received_at
      )
      select pg_current_xact_id()::text::bigint, account_id, id, provider_id, version, 'SENT', 'CALLBACK', false,
        'DUPLICATE', now(), now()
      from messages
      where id = any ($1::uuid[])
      order by id
    )
    select pg_notify('${eventChannel}', '')`,
};

let last: Promise<unknown> = Promise.resolve();
process.on("message", (messageIds: string[]) => {
  last = last.then(() => database.query(insert, [messageIds]));
});
process.on("disconnect", () => process.exit());
