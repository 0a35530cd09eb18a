import type { Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import { applyReceipts, type ReceiptOutcome } from "../messages/receipts/receipts.ts";
import type { Receipt } from "../providers/provider.ts";
import { isDataError } from "./ingest.ts";

export interface ReprocessOptions {
  database: Database;
  connections: Connections;
  /** Called after every callback, with the counts so far. */
  onProgress?: (counts: Readonly<ReprocessCounts>) => void;
}

export interface ReprocessCounts {
  /** Quarantined callbacks that were read again. */
  read: number;
  /** Those that are understood now. */
  processed: number;
  /** Those that are not, and stay in quarantine. */
  unreadable: number;
  /** Receipts in the processed ones by what became of them. */
  applied: number;
  ignored: number;
  parked: number;
  unknown: number;
}

interface QuarantinedCallback {
  id: string;
  providerId: string;
  receivedAt: Date;
  contentType: string | null;
  body: string;
  source: "CALLBACK" | "POLL";
}

interface Reprocessed {
  id: string;
  isProcessed: boolean;
  outcomes: ReceiptOutcome[];
}

const takeNext: Statement = {
  name: "take_quarantined_callback",
  text: `
    select id, provider_id as "providerId", received_at as "receivedAt", content_type as "contentType", body, source
    from callbacks
    where state = 'QUARANTINED' and id > $1
    order by id
    limit 1
    for update skip locked`,
};

const markProcessed: Statement = {
  name: "mark_callback_processed",
  text: "update callbacks set state = 'PROCESSED', problem = null where id = $1",
};

const noteProblem: Statement = {
  name: "note_callback_problem",
  text: "update callbacks set problem = $2 where id = $1",
};

/**
 * Reads quarantined callbacks again with the adapters of this version, oldest first, each in a transaction of its
 * own. Their receipts count as received when the callback came. Two runs at once share the work.
 */
export async function reprocessQuarantined(options: ReprocessOptions): Promise<ReprocessCounts> {
  const counts = { read: 0, processed: 0, unreadable: 0, applied: 0, ignored: 0, parked: 0, unknown: 0 };
  let next = await reprocessNext(options, "0");
  while (next) {
    count(counts, next);
    options.onProgress?.(counts);
    next = await reprocessNext(options, next.id);
  }
  return counts;
}

function count(counts: ReprocessCounts, { isProcessed, outcomes }: Reprocessed): void {
  counts.read++;
  counts[isProcessed ? "processed" : "unreadable"]++;
  for (const outcome of outcomes) {
    if (outcome.kind === "matched") counts[outcome.transition.applied ? "applied" : "ignored"]++;
    else counts[outcome.kind]++;
  }
}

/** Reads the first quarantined callback whose id follows `after`; undefined when there is none. */
export async function reprocessNext(
  { database, connections }: Pick<ReprocessOptions, "database" | "connections">,
  after: string,
): Promise<Reprocessed | undefined> {
  let callback: QuarantinedCallback | undefined;
  try {
    return await database.transaction(async (transaction) => {
      [callback] = await transaction.query<QuarantinedCallback>(takeNext, [after]);
      if (!callback) return undefined;
      const { id, providerId, receivedAt, source } = callback;
      const { receipts, problem } = await parse(connections, callback);
      const isProcessed = receipts.length > 0 && problem === undefined;
      const received = receipts.map((receipt) => {
        return { providerId, receivedAt, receipt, source };
      });
      const outcomes = await applyReceipts(transaction, received);
      if (isProcessed) await transaction.query(markProcessed, [id]);
      else if (source === "POLL")
        await transaction.query(noteProblem, [id, problem ?? "There is nothing in it."]);
      return { id, isProcessed, outcomes };
    });
  } catch (error) {
    // Understood, but refused by PostgreSQL: it stays where it is, and the others go on.
    if (!callback || !isDataError(error)) throw error;
    const { id, source } = callback;
    if (source === "POLL") await database.query(noteProblem, [id, `Could not be applied: ${error.message}`]);
    return { id, isProcessed: false, outcomes: [] };
  }
}

/**
 * What a callback says. One that is still not understood in full gave what could be read of it when it was pushed;
 * only what we took ourselves is read here for the first time, and nothing repeats in the timeline what was asked for.
 */
async function parse(
  connections: Connections,
  callback: QuarantinedCallback,
): Promise<{ receipts: Receipt[]; problem?: string | undefined }> {
  const connection = await connections.get(callback.providerId);
  const reading = connection?.parseCallback(callback.body, callback.contentType ?? undefined);
  if (reading?.kind !== "receipts") return { receipts: [], problem: reading?.reason };
  const isFirstReading = callback.source === "POLL";
  return reading.problem === undefined || isFirstReading
    ? reading
    : { receipts: [], problem: reading.problem };
}
