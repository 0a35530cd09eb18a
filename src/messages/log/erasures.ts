import { execute, type Queryable, type Statement } from "../../database/database.ts";

// It grows with every erasure, in whatever order they end.
const note: Statement = {
  name: "note_erasure_of_events",
  text: "update event_log_floor set erased_tx = greatest(erased_tx + 1, pg_current_xact_id()::text::bigint)",
};

/**
 * Says that what this transaction has erased of events is not to be read from copies any more: they are in the memory of
 * processes, and in a stream at NATS. Nobody reads events of a transaction that is still open, or of later ones. So a copy of
 * an event behind this transaction was made after it, and has nothing of what was erased.
 *
 * To be called last in the transaction: others wait for this one row.
 */
export const noteErasure = (transaction: Queryable): Promise<void> => execute(transaction, note, []);
