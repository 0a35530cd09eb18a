import { DatabaseError } from "pg";
import { Batcher } from "../lib/batcher.ts";
import { execute, type Database, type Queryable, type Statement } from "../database/database.ts";
import { applyReceipts, type ReceiptOutcome } from "../messages/receipts/receipts.ts";
import type { Receipt } from "../providers/provider.ts";

/** A callback that got past the door, with what could be read of it. */
export interface IncomingCallback {
  providerId: string;
  receivedAt: Date;
  contentType: string | null;
  body: string;
  receipts: Receipt[];
  /** Why nothing could be read. */
  problem?: string | undefined;
}

export interface IngestResult {
  quarantined: boolean;
  outcomes: ReceiptOutcome[];
}

const maxBatchSize = 200;
/** While PostgreSQL commits one batch, the next is prepared. Batches that meet in a message wait for each other there. */
const batchesAtOnce = 2;

const storeRaw: Statement = {
  name: "store_callbacks",
  text: `
    insert into callbacks (provider_id, received_at, content_type, body, state, problem)
    select *
    from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::callback_state[], $6::text[])`,
};

/**
 * Takes callbacks into the database. Whatever arrives while a batch is being committed goes into the next: the
 * raw bodies first, then what they say, in one transaction. Resolves when it is committed.
 */
export class CallbackIngest {
  readonly #database: Database;
  readonly #batches: Batcher<IncomingCallback, IngestResult>;

  constructor(database: Database) {
    this.#database = database;
    this.#batches = new Batcher((callbacks) => this.#ingest(callbacks), maxBatchSize, batchesAtOnce);
  }

  ingest(callback: IncomingCallback): Promise<IngestResult> {
    return this.#batches.add(callback);
  }

  async #ingest(callbacks: IncomingCallback[]): Promise<IngestResult[]> {
    try {
      return await this.#database.transaction((transaction) => store(transaction, callbacks));
    } catch (error) {
      if (!isDataError(error)) throw error;
      return this.#isolate(callbacks, error);
    }
  }

  /** One callback that PostgreSQL refuses must not hold up the others, nor be lost: alone, it is quarantined. */
  async #isolate(callbacks: IncomingCallback[], error: DatabaseError): Promise<IngestResult[]> {
    const [only, ...others] = callbacks;
    if (only && others.length === 0) {
      const problem = `Could not be applied: ${error.message}`;
      return this.#database.transaction((transaction) =>
        store(transaction, [{ ...only, receipts: [], problem }]),
      );
    }
    const results: IngestResult[] = [];
    for (const callback of callbacks) results.push(...(await this.#ingest([callback])));
    return results;
  }
}

/**
 * Classes 22, 23 and 54 of PostgreSQL's error codes: the data is at fault (wrong, conflicting, or too large, as an
 * id that fits no index), and trying again will not help.
 */
export const isDataError = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^(2[23]|54)/.test(error.code ?? "");

async function store(
  transaction: Queryable,
  callbacks: readonly IncomingCallback[],
): Promise<IngestResult[]> {
  await execute(transaction, storeRaw, [
    callbacks.map(({ providerId }) => providerId),
    callbacks.map(({ receivedAt }) => receivedAt),
    callbacks.map(({ contentType }) => contentType),
    callbacks.map(({ body }) => body),
    callbacks.map(({ problem }) => (problem === undefined ? "PROCESSED" : "QUARANTINED")),
    callbacks.map(({ problem }) => problem ?? null),
  ]);
  const received = callbacks.flatMap(({ providerId, receivedAt, receipts }) =>
    receipts.map((receipt) => ({ providerId, receivedAt, receipt, source: "CALLBACK" as const })),
  );
  const outcomes = await applyReceipts(transaction, received);
  return callbacks.map(({ receipts, problem }) => ({
    quarantined: problem !== undefined,
    outcomes: outcomes.splice(0, receipts.length),
  }));
}
