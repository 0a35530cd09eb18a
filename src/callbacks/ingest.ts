import { DatabaseError } from "pg";
import { Batcher } from "../lib/batcher.ts";
import { execute, type Database, type Queryable, type Statement } from "../database/database.ts";
import { applyReceipts, type ReceiptOutcome } from "../messages/receipts/receipts.ts";
import type { Receipt } from "../providers/provider.ts";

/** How much of one provider is in quarantine at most: whoever posts it may be anybody with its callback URL. */
const maxQuarantined = { bodies: 10_000, bytes: 64 * 1024 * 1024 };

const readQuarantine: Statement = {
  name: "read_quarantine",
  text: `
    select w.id as "providerId", q.bodies >= ${maxQuarantined.bodies} or q.bytes >= ${maxQuarantined.bytes} as "isFull"
    from unnest($1::uuid[]) as w (id)
    cross join lateral (
      select count(*) as bodies, coalesce(sum(size), 0) as bytes
      from (
        select pg_column_size(body) as size from callbacks
        where provider_id = w.id and state = 'QUARANTINED'
        limit ${maxQuarantined.bodies}
      ) as counted
    ) as q`,
};

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
  /** Nothing of it was kept, since the provider has too much of the kind: it is to be sent again later. */
  refused: boolean;
  /** Whether the body is stored: one that repeats what was repeated often enough is not. */
  isKept: boolean;
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
 * raw bodies and what they say, in one transaction. Resolves when it is committed.
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
  const received = callbacks.flatMap(({ providerId, receivedAt, receipts }) =>
    receipts.map((receipt) => ({ providerId, receivedAt, receipt, source: "CALLBACK" as const })),
  );
  const outcomes = await applyReceipts(transaction, received);
  const full = await findFullQuarantines(transaction, callbacks);
  const results = callbacks.map((callback): IngestResult => {
    const { providerId, receipts, problem } = callback;
    const own = outcomes.splice(0, receipts.length);
    const isUseless = own.every(({ kind }) => kind === "dropped");
    const isReplay =
      own.length > 0 && own.every((one) => one.kind === "matched" && one.transition.isReplay === true);
    const quarantined = problem !== undefined && !full.has(providerId);
    const refused = isUseless && !quarantined && (own.length > 0 || problem !== undefined);
    return { quarantined, refused, isKept: !refused && (quarantined || !isReplay), outcomes: own };
  });
  await storeBodies(
    transaction,
    callbacks.flatMap((callback, place) => {
      const result = results[place];
      return result?.isKept ? [{ ...callback, quarantined: result.quarantined }] : [];
    }),
  );
  return results;
}

/** The providers with bodies to put into quarantine that have no room there. */
async function findFullQuarantines(
  transaction: Queryable,
  callbacks: readonly IncomingCallback[],
): Promise<ReadonlySet<string>> {
  const unread = callbacks.filter(({ problem }) => problem !== undefined);
  if (unread.length === 0) return new Set();
  const providers = [...new Set(unread.map(({ providerId }) => providerId))];
  const rows = await transaction.query<{ providerId: string; isFull: boolean }>(readQuarantine, [providers]);
  return new Set(rows.filter(({ isFull }) => isFull).map(({ providerId }) => providerId));
}

async function storeBodies(
  transaction: Queryable,
  callbacks: readonly (IncomingCallback & { quarantined: boolean })[],
): Promise<void> {
  if (callbacks.length === 0) return;
  await execute(transaction, storeRaw, [
    callbacks.map(({ providerId }) => providerId),
    callbacks.map(({ receivedAt }) => receivedAt),
    callbacks.map(({ contentType }) => contentType),
    callbacks.map(({ body }) => body),
    callbacks.map(({ quarantined }) => (quarantined ? "QUARANTINED" : "PROCESSED")),
    callbacks.map(({ problem }) => problem ?? null),
  ]);
}
