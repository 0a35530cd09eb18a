import { recordAudit } from "../audit/record.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { noteReceipts } from "../messages/receipts/receipt-spans.ts";
import {
  applyReceipts,
  isOfErased,
  isUnmatched,
  type ReceiptOutcome,
} from "../messages/receipts/receipts.ts";
import { storeOrPark } from "../messages/inbound/parked-inbound.ts";
import type { CallbackReading } from "../providers/provider.ts";
import { isDataError, isNews } from "./ingest.ts";
import { type KeptBodies, notKept } from "./kept-bodies.ts";

export interface ReadOptions {
  database: Database;
  connections: Connections;
  /** For bodies that are read for the first time. */
  kept?: KeptBodies;
}

/** The result of reading a stored callback. */
export interface StoredReading {
  id: string;
  /** True when all of it was understood; otherwise it is in quarantine. */
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
    where state = 'QUARANTINED' and id > $1 and ($2::uuid[] is null or provider_id = any ($2::uuid[]))
      and ($3::bigint[] is null or id = any ($3::bigint[]))
    order by id
    limit 1
    for update skip locked`,
};

const settle: Statement = {
  name: "settle_callback",
  text: `
    update callbacks
    set state = $2, problem = $3, unmatched = unmatched or $4, body = case when $5 then '' else body end
    where id = $1`,
};

/** Reads a callback that was stored unread. Undefined when another process reads it or has read it. */
export const readUnread = (options: ReadOptions, id: string): Promise<StoredReading | undefined> =>
  read(options, takeUnread, id);

/** Which quarantined callbacks are read again; all where nothing is said. */
export interface QuarantineScope {
  providerIds?: readonly string[] | undefined;
  ids?: readonly bigint[] | undefined;
}

/** Reads the next quarantined callback after the id `after` again; undefined when there is none. */
export const readNextQuarantined = (
  options: ReadOptions,
  after: string,
  { providerIds, ids }: QuarantineScope = {},
): Promise<StoredReading | undefined> =>
  read(options, takeNextQuarantined, after, [providerIds ?? null, ids ?? null]);

/** What one try to read a callback came to. */
type Try =
  /** There is none, or another process reads it. */
  | { kind: "nothing" }
  /** Read again, with this provider's connection. */
  | { kind: "needsProvider"; providerId: string }
  | { kind: "read"; reading: StoredReading };

/**
 * Applies the receipts and marks the callback as read in one transaction. The connection is loaded outside of
 * it, since that takes a database connection of its own.
 */
async function read(
  { database, connections, kept }: ReadOptions,
  take: Statement,
  id: string,
  scope: readonly unknown[] = [],
): Promise<StoredReading | undefined> {
  let provider: OpenProvider | undefined;
  for (;;) {
    const attempt = await tryRead(database, take, [id, ...scope], { provider, kept });
    if (attempt.kind === "nothing") return undefined;
    if (attempt.kind === "read") {
      noteReceipts(attempt.reading.outcomes);
      return attempt.reading;
    }
    const { providerId } = attempt;
    provider = { id: providerId, connection: await connections.get(providerId) };
  }
}

async function tryRead(
  database: Database,
  take: Statement,
  values: unknown[],
  { provider, kept }: { provider: OpenProvider | undefined; kept: KeptBodies | undefined },
): Promise<Try> {
  let callback: StoredCallback | undefined;
  try {
    return await database.transaction(async (transaction): Promise<Try> => {
      [callback] = await transaction.query<StoredCallback>(take, values);
      if (!callback) return { kind: "nothing" };
      const { providerId } = callback;
      if (provider?.id !== providerId) return { kind: "needsProvider", providerId };
      const reading = await apply(transaction, callback, provider, kept);
      if (callback.state === "QUARANTINED" && reading.isProcessed)
        await audit(transaction, provider, reading);
      return { kind: "read", reading };
    });
  } catch (error) {
    // PostgreSQL refused the data: quarantine this callback, so that the others go on.
    if (!callback || !isDataError(error)) throw error;
    const settled = settlement(callback, `Could not be applied: ${error.message}`);
    if (settled) await database.query(settle, [callback.id, ...settled, false, false]);
    return { kind: "read", reading: { id: callback.id, isProcessed: false, outcomes: [] } };
  }
}

/** Quarantined callbacks are read again by hand only. */
async function audit(
  transaction: Queryable,
  { connection }: OpenProvider,
  { id, outcomes }: StoredReading,
): Promise<void> {
  if (!connection) return;
  await recordAudit(transaction, {
    accountId: connection.row.accountId,
    action: "RECEIPTS_REPROCESSED",
    target: { type: "Provider", id: connection.row.id },
    before: { callback: id, state: "QUARANTINED" },
    after: { callback: id, state: "PROCESSED", receipts: outcomes.length },
  });
}

interface OpenProvider {
  id: string;
  connection: Connection | undefined;
}

async function apply(
  transaction: Queryable,
  callback: StoredCallback,
  { connection }: OpenProvider,
  kept: KeptBodies | undefined,
): Promise<StoredReading> {
  const { id, providerId, receivedAt, source } = callback;
  const { receipts, inbound = [], problem } = parse(connection, callback);
  const received = receipts.map((receipt) => ({ providerId, receivedAt, receipt, source }));
  const outcomes = await applyReceipts(transaction, received);
  const answers = inbound.map((reading) => ({ providerId, receivedAt, source, reading }));
  await storeOrPark(transaction, answers);
  const fresh = outcomes.filter(isNews).length + inbound.length;
  const isKept =
    callback.state !== "UNREAD" ||
    problem !== undefined ||
    !connection ||
    kept?.keeps(connection.row.accountId, callback.body, fresh) !== false;
  const settled = isKept ? settlement(callback, problem) : (["PROCESSED", notKept] as const);
  const values = [outcomes.some(isUnmatched), outcomes.some(isOfErased) || !isKept];
  if (settled) await transaction.query(settle, [id, ...settled, ...values]);
  return { id, isProcessed: problem === undefined, outcomes };
}

/**
 * The new state and problem; undefined when they stay, since the first reading already stored the problem.
 */
function settlement(
  { state }: StoredCallback,
  problem: string | undefined,
): ["PROCESSED" | "QUARANTINED", string | null] | undefined {
  if (problem === undefined) return ["PROCESSED", null];
  return state === "UNREAD" ? ["QUARANTINED", problem] : undefined;
}

type Readable = Extract<CallbackReading, { kind: "receipts" }>;

/**
 * Parses a callback. The readable receipts of a quarantined one were applied when it was first read. So now
 * it counts only when it is understood in full; receipts that repeat change nothing in the timeline.
 */
function parse(
  connection: Connection | undefined,
  { body, contentType, state }: StoredCallback,
): Pick<Readable, "receipts" | "inbound" | "problem"> {
  const reading = connection?.parseCallback(body, contentType ?? undefined);
  if (reading?.kind !== "receipts") {
    return { receipts: [], problem: reading?.reason ?? "Its provider is not known any more." };
  }
  const { receipts, inbound = [] } = reading;
  const isEmpty = receipts.length === 0 && inbound.length === 0;
  const problem = reading.problem ?? (isEmpty ? "There is nothing in it." : undefined);
  if (problem === undefined) return { receipts, inbound };
  return state === "QUARANTINED" ? { receipts: [], problem } : { receipts, inbound, problem };
}
