import { DatabaseError } from "pg";
import { Batcher } from "../lib/batcher.ts";
import { shareOfProvider } from "../database/provider-share.ts";
import { execute, type Database, type Queryable, type Statement } from "../database/database.ts";
import {
  applyReceipts,
  isOfErased,
  isUnmatched,
  type ReceiptOutcome,
} from "../messages/receipts/receipts.ts";
import { storeOrPark } from "../messages/inbound/parked-inbound.ts";
import type { InboundReading, Receipt } from "../providers/provider.ts";
import { type KeptBodies, notKept } from "./kept-bodies.ts";

/** Maximum quarantine per provider, of an account with few. Anyone who knows the callback URL could fill it. */
export const maxQuarantined = { bodies: 10_000, bytes: 64 * 1024 * 1024 };

const readQuarantine: Statement = {
  name: "read_quarantine",
  text: `
    select w.id as "providerId", q.bodies >= ${shareOfProvider(maxQuarantined.bodies, "w.id")}
        or q.bytes >= ${shareOfProvider(maxQuarantined.bytes, "w.id")} as "isFull"
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

/** An accepted callback request, with the receipts that could be read. */
interface IncomingCallback {
  accountId: string;
  providerId: string;
  receivedAt: Date;
  contentType: string | null;
  body: string;
  receipts: Receipt[];
  /** Messages from people. */
  inbound?: readonly InboundReading[] | undefined;
  /** What could not be read, and why. */
  problem?: string | undefined;
}

export interface IngestResult {
  quarantined: boolean;
  /**
   * Nothing was kept, because the provider has too many such receipts or bodies waiting; it should send the
   * callback again later.
   */
  refused: boolean;
  /** False for a body that only repeats receipts that have been repeated often enough already. */
  isKept: boolean;
  outcomes: ReceiptOutcome[];
}

/** What a batch holds: a body counts at least as one, and as what its receipts and messages cost. */
const maxBatchSize = 200;
const sizeOf = ({ receipts, inbound = [] }: IncomingCallback): number =>
  Math.max(1, receipts.length / 5, inbound.length / 2);
/**
 * The next batch is prepared while PostgreSQL commits one. Batches with receipts of the same message wait for
 * each other there.
 */
const batchesAtOnce = 2;

/**
 * Bytes of bodies, and more for each, that may wait for a database that is slow to take them. The provider sends again
 * what is refused.
 */
const patience = {
  maxWaiting: 64 * 1024 * 1024,
  weigh: ({ body }: IncomingCallback): number => 2 * body.length + 4_096,
  waitMs: 8_000,
  answerMs: 20_000,
};

const storeRaw: Statement = {
  name: "store_callbacks",
  text: `
    insert into callbacks (provider_id, received_at, content_type, body, state, problem, unmatched)
    select *
    from unnest(
      $1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::callback_state[], $6::text[], $7::boolean[]
    ) as c (provider_id)
    -- Its account may have been deleted meanwhile, and nobody would delete this.
    where exists (select from providers where id = c.provider_id)`,
};

/**
 * Stores callbacks. Everything that arrives while a batch is being committed goes into the next batch: raw
 * bodies and receipts in one transaction. Resolves after the commit.
 */
export class CallbackIngest {
  readonly #database: Database;
  readonly #kept: KeptBodies;
  readonly #batches: Batcher<IncomingCallback, IngestResult>;
  /** For bodies of providers of which PostgreSQL refused one of late: they divide no batch of others. */
  readonly #apart: Batcher<IncomingCallback, IngestResult>;
  /** Until when bodies of a provider go apart. */
  readonly #refused = new Map<string, number>();

  constructor(database: Database, kept: KeptBodies) {
    this.#database = database;
    this.#kept = kept;
    const work = (callbacks: IncomingCallback[]): Promise<IngestResult[]> => this.#ingest(callbacks);
    this.#batches = new Batcher(work, maxBatchSize, batchesAtOnce, sizeOf, patience);
    this.#apart = new Batcher(work, maxBatchSize, 1, sizeOf, patience);
  }

  ingest(callback: IncomingCallback): Promise<IngestResult> {
    const until = this.#refused.get(callback.providerId);
    if (until === undefined) return this.#batches.add(callback);
    if (performance.now() > until) this.#refused.delete(callback.providerId);
    return this.#apart.add(callback);
  }

  async #ingest(callbacks: IncomingCallback[]): Promise<IngestResult[]> {
    try {
      return await this.#database.transaction((transaction) => store(transaction, callbacks, this.#kept));
    } catch (error) {
      if (!isDataError(error)) throw error;
      return this.#isolate(callbacks, error);
    }
  }

  /** If PostgreSQL refuses the data of a callback, it is stored in quarantine, and the others go on: half by half. */
  async #isolate(callbacks: IncomingCallback[], error: DatabaseError): Promise<IngestResult[]> {
    const [only, ...others] = callbacks;
    if (only && others.length === 0) {
      this.#refused.set(only.providerId, performance.now() + apartMs);
      const problem = `Could not be applied: ${error.message}`;
      return this.#database.transaction((transaction) =>
        store(transaction, [{ ...only, receipts: [], inbound: [], problem }], this.#kept),
      );
    }
    const half = Math.ceil(callbacks.length / 2);
    const results = await this.#ingest(callbacks.slice(0, half));
    return [...results, ...(await this.#ingest(callbacks.slice(half)))];
  }
}

/** How long the bodies of a provider go apart after one that was refused. */
const apartMs = 10 * 60_000;

/**
 * PostgreSQL error classes 22, 23 and 54: the data itself is at fault (invalid, conflicting, or too large,
 * such as an id that fits no index), so a retry cannot help.
 */
export const isDataError = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^(2[23]|54)/.test(error.code ?? "");

async function store(
  transaction: Queryable,
  callbacks: readonly IncomingCallback[],
  kept: KeptBodies,
): Promise<IngestResult[]> {
  const received = callbacks.flatMap(({ providerId, receivedAt, receipts }) =>
    receipts.map((receipt) => ({ providerId, receivedAt, receipt, source: "CALLBACK" as const })),
  );
  const outcomes = await applyReceipts(transaction, received);
  const unkept = await storeOrPark(
    transaction,
    callbacks.flatMap(({ providerId, receivedAt, inbound = [] }) =>
      inbound.map((reading) => ({ providerId, receivedAt, source: "CALLBACK" as const, reading })),
    ),
  );
  const full = await findFullQuarantines(transaction, callbacks);
  const results = callbacks.map((callback): IngestResult => {
    const { providerId, receipts, problem, inbound = [] } = callback;
    const outcomesOfThis = outcomes.splice(0, receipts.length);
    const isUseless = outcomesOfThis.every(({ kind }) => kind === "dropped");
    const isReplay =
      outcomesOfThis.length > 0 &&
      outcomesOfThis.every((one) => one.kind === "matched" && one.transition.isReplay === true);
    const quarantined = problem !== undefined && !full.has(providerId);
    const refused =
      isUseless &&
      inbound.every((reading) => unkept.has(reading)) &&
      !quarantined &&
      (outcomesOfThis.length > 0 || inbound.length > 0 || problem !== undefined);
    return { quarantined, refused, isKept: !refused && (quarantined || !isReplay), outcomes: outcomesOfThis };
  });
  await storeBodies(
    transaction,
    callbacks.flatMap((callback, index) => {
      const result = results[index];
      if (!result?.isKept) return [];
      const fresh = result.outcomes.filter(isNews).length + (callback.inbound?.length ?? 0);
      // What waits in quarantine has a limit of its own.
      const isWhole = result.quarantined || kept.keeps(callback.accountId, callback.body, fresh);
      return [{ ...callback, ...result, ...(!isWhole && { body: "", problem: notKept }) }];
    }),
  );
  return results;
}

/** Whether something came of a receipt that had not been known: these explain a body. */
export const isNews = (outcome: ReceiptOutcome): boolean =>
  outcome.kind === "matched" ? outcome.transition.applied : outcome.kind === "parked";

/** Providers that have something to quarantine, but no room for it. */
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
  callbacks: readonly (IncomingCallback & IngestResult)[],
): Promise<void> {
  if (callbacks.length === 0) return;
  await execute(transaction, storeRaw, [
    callbacks.map(({ providerId }) => providerId),
    callbacks.map(({ receivedAt }) => receivedAt),
    callbacks.map(({ contentType }) => contentType),
    callbacks.map(({ body, outcomes }) => (outcomes.some(isOfErased) ? "" : body)),
    callbacks.map(({ quarantined }) => (quarantined ? "QUARANTINED" : "PROCESSED")),
    callbacks.map(({ problem }) => problem ?? null),
    callbacks.map(({ outcomes }) => outcomes.some(isUnmatched)),
  ]);
}
