import type { Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import { applyReceipts, type ReceiptOutcome } from "../messages/receipts/receipts.ts";
import type { Receipt } from "../providers/provider.ts";
import { isDataError } from "./ingest.ts";

export interface ReadOptions {
  database: Database;
  connections: Connections;
}

/** What reading a stored callback came to. */
export interface StoredReading {
  id: string;
  /** Whether all of it was understood; else it is in quarantine. */
  isProcessed: boolean;
  outcomes: ReceiptOutcome[];
}

interface StoredCallback {
  id: string;
  providerId: string;
  receivedAt: Date;
  contentType: string | null;
  body: string;
  source: "CALLBACK" | "POLL";
  state: "QUARANTINED" | "UNREAD";
}

const columns = `
  id, provider_id as "providerId", received_at as "receivedAt", content_type as "contentType", body, source, state`;

const takeUnread: Statement = {
  name: "take_unread_callback",
  text: `select ${columns} from callbacks where id = $1 and state = 'UNREAD' for update skip locked`,
};

const takeNextQuarantined: Statement = {
  name: "take_quarantined_callback",
  text: `
    select ${columns}
    from callbacks
    where state = 'QUARANTINED' and id > $1
    order by id
    limit 1
    for update skip locked`,
};

const settle: Statement = {
  name: "settle_callback",
  text: "update callbacks set state = $2, problem = $3 where id = $1",
};

/** Reads one that was stored unread for the first time. Undefined when somebody else reads it, or has read it. */
export const readUnread = (options: ReadOptions, id: string): Promise<StoredReading | undefined> =>
  read(options, takeUnread, id);

/** Reads the first quarantined callback whose id follows `after` again; undefined when there is none. */
export const readNextQuarantined = (
  options: ReadOptions,
  after: string,
): Promise<StoredReading | undefined> => read(options, takeNextQuarantined, after);

/** In one transaction: what it says, and that it was read. */
async function read(
  { database, connections }: ReadOptions,
  take: Statement,
  id: string,
): Promise<StoredReading | undefined> {
  let callback: StoredCallback | undefined;
  try {
    return await database.transaction(async (transaction) => {
      [callback] = await transaction.query<StoredCallback>(take, [id]);
      if (!callback) return undefined;
      const { providerId, receivedAt, source } = callback;
      const { receipts, problem } = await parse(connections, callback);
      const received = receipts.map((receipt) => ({ providerId, receivedAt, receipt, source }));
      const outcomes = await applyReceipts(transaction, received);
      const settled = settlement(callback, problem);
      if (settled) await transaction.query(settle, [callback.id, ...settled]);
      return { id: callback.id, isProcessed: problem === undefined, outcomes };
    });
  } catch (error) {
    // Understood, but refused by PostgreSQL: it goes into quarantine, and the others go on.
    if (!callback || !isDataError(error)) throw error;
    const settled = settlement(callback, `Could not be applied: ${error.message}`);
    if (settled) await database.query(settle, [callback.id, ...settled]);
    return { id: callback.id, isProcessed: false, outcomes: [] };
  }
}

/** State and problem after reading; undefined where they stay, since the first reading has said what is wrong. */
function settlement(
  { state }: StoredCallback,
  problem: string | undefined,
): ["PROCESSED" | "QUARANTINED", string | null] | undefined {
  if (problem === undefined) return ["PROCESSED", null];
  return state === "UNREAD" ? ["QUARANTINED", problem] : undefined;
}

/**
 * What a callback says. One in quarantine gave what could be read of it when it was read first: it counts again only
 * when it is understood in full, and nothing of it repeats in the timeline.
 */
async function parse(
  connections: Connections,
  { providerId, body, contentType, state }: StoredCallback,
): Promise<{ receipts: Receipt[]; problem?: string | undefined }> {
  const connection = await connections.get(providerId);
  const reading = connection?.parseCallback(body, contentType ?? undefined);
  if (reading?.kind !== "receipts") {
    return { receipts: [], problem: reading?.reason ?? "Its provider is not known any more." };
  }
  const { receipts } = reading;
  const problem = reading.problem ?? (receipts.length === 0 ? "There is nothing in it." : undefined);
  return problem !== undefined && state === "QUARANTINED" ? { receipts: [], problem } : { receipts, problem };
}
