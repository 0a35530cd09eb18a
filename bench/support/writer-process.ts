import { openDatabase, type Database } from "../../src/database/database.ts";
import { applyChanges } from "../../src/messages/transition.ts";

/** Writes events in a process of its own. Started with the database's URL; each message is a list of message ids. */

const database: Database = openDatabase(process.argv[2] ?? "", { poolSize: 1 });

/** One transaction with an event for each message: a duplicate receipt from the second time on, which is an event too. */
async function write(messageIds: readonly string[]): Promise<void> {
  const receivedAt = new Date();
  const changes = messageIds.map(
    (messageId) => ({ messageId, status: "SENT", source: "CALLBACK", receivedAt }) as const,
  );
  await database.transaction((transaction) => applyChanges(transaction, changes));
}

let last = Promise.resolve();
process.on("message", (messageIds: string[]) => {
  last = last.then(() => write(messageIds));
});
process.on("disconnect", () => process.exit());
