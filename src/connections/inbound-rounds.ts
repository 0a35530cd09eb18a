import { execute, type Database, type Statement } from "../database/database.ts";
import { claimDue, hasCome } from "./due-providers.ts";

/** Claims the providers whose lists should be read for messages from people: each every half minute. */
export const claimDueInbound = claimDue({
  name: "inbound",
  capability: "inbound",
  due: `p.enabled and p.disconnected_at is null and ${hasCome("p.next_inbound_at", "30 seconds")}`,
  next: "next_inbound_at = $1::timestamptz + interval '30 seconds'",
});

const note: Statement = {
  name: "note_inbound_read",
  text: "update providers set inbound_read_at = $2 where id = $1",
};

/** Notes that everything in the list of a provider was read that was there at a time: the next reading begins there. */
export const noteInboundRead = (database: Database, providerId: string, at: Date): Promise<void> =>
  execute(database, note, [providerId, at]);

const read: Statement = {
  name: "read_inbound_read",
  text: `select inbound_read_at as "readAt" from providers where id = $1`,
};

/** Since when a provider's list was not read to its end; undefined when it never was. */
export async function inboundReadAt(database: Database, providerId: string): Promise<Date | undefined> {
  const [row] = await database.query<{ readAt: Date | null }>(read, [providerId]);
  return row?.readAt ?? undefined;
}
