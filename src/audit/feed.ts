import { setTimeout as pause } from "node:timers/promises";
import type { Database, Statement } from "../database/database.ts";
import { patient } from "../database/read-through-outage.ts";

/** A place in the audit log: entries are read in the order of their transactions. */
export interface AuditPosition {
  tx: bigint;
  id: bigint;
}

/** An entry on its way to a reader. `tx` and `id` are its place in the log. */
export interface StreamedEntry extends AuditPosition {
  entryId: string;
  accountId: string;
  at: Date;
  action: string;
  actor: string;
  keyId: string | null;
  keyName: string | null;
  keyPrefix: string | null;
  command: string | null;
  address: string | null;
  targetType: string | null;
  targetId: string | null;
  before: unknown;
  after: unknown;
}

export interface AuditPage {
  kind: "batch";
  events: StreamedEntry[];
  /** Everything up to here has been read. */
  cursor: AuditPosition;
}

const columns = `
  tx, seq, id as "entryId", account_id as "accountId", at, action, actor, key_id as "keyId", key_name as "keyName",
  key_prefix as "keyPrefix", command, address, target_type as "targetType", target_id as "targetId", before, after`;

const pageSize = 200;

const readPage: Statement = {
  name: "read_audit_page",
  text: `
    select ${columns} from audit_log
    where account_id = $1 and (tx, seq) > ($2::bigint, $3::bigint) and (tx, seq) <= ($4::bigint, $5::bigint)
    order by tx, seq
    limit ${pageSize}`,
};

// Entries of transactions that are still open could come before others: nothing behind the oldest one is read yet.
const readNew: Statement = {
  name: "read_new_audit_entries",
  text: `
    select h.horizon, e.*
    from (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon) as h
    left join lateral (
      select ${columns} from audit_log
      where account_id = any ($1::uuid[]) and (tx, seq) > ($2::bigint, $3::bigint) and tx < h.horizon
      order by tx, seq
      limit ${pageSize}
    ) as e on true
    order by e.tx, e.seq`,
};

const readHorizon: Statement = {
  name: "read_audit_horizon",
  text: "select pg_snapshot_xmin(pg_current_snapshot())::text as horizon",
};

const readFirstSince: Statement = {
  name: "read_first_audit_entry_since",
  text: `
    select tx, seq from audit_log
    where account_id = $1 and at >= $2
    order by tx, seq
    limit 1`,
};

type Row = Omit<StreamedEntry, "tx" | "id"> & { tx: string; seq: string };

const lastSeq = 2n ** 63n - 1n;

const behind = (horizon: string): AuditPosition => ({ tx: BigInt(horizon) - 1n, id: lastSeq });

const isBefore = (one: AuditPosition, other: AuditPosition): boolean =>
  one.tx < other.tx || (one.tx === other.tx && one.id < other.id);

const toEntry = ({ tx, seq, ...row }: Row): StreamedEntry => ({ ...row, tx: BigInt(tx), id: BigInt(seq) });

/** The end of the audit log now. */
export async function auditEnd({ query }: Pick<Database, "query">): Promise<AuditPosition> {
  const [row] = await query<{ horizon: string }>(readHorizon, []);
  return behind(row?.horizon ?? "1");
}

/** A place before every entry of an account that was written since then. */
export async function auditPositionAt(
  database: Pick<Database, "query">,
  accountId: string,
  time: Date,
): Promise<AuditPosition> {
  const [row] = await database.query<{ tx: string; seq: string }>(readFirstSince, [accountId, time]);
  return row ? { tx: BigInt(row.tx), id: BigInt(row.seq) - 1n } : auditEnd(database);
}

interface Waiter {
  accountId: string;
  after: AuditPosition;
  resolve: (page: AuditPage) => void;
}

/**
 * The live end of the audit log in one process. It is looked at only while somebody waits, once for all who do. There
 * are few entries, so a second's delay is taken rather than a notice with each.
 */
export class AuditFeed {
  readonly #database: Database;
  readonly #everyMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #waiters = new Set<Waiter>();
  #position: AuditPosition = { tx: 0n, id: lastSeq };
  #isLooking = false;

  constructor(database: Database, onError: (error: unknown) => void, { everyMs = 1_000 } = {}) {
    this.#database = patient(database);
    this.#onError = onError;
    this.#everyMs = everyMs;
  }

  /** Every entry up to here can be read, and nothing can appear before it any more. */
  get position(): AuditPosition {
    return this.#position;
  }

  async catchUp(): Promise<void> {
    const end = await auditEnd(this.#database);
    if (this.#waiters.size === 0 && isBefore(this.#position, end)) this.#position = end;
    else await this.#look();
  }

  /** Entries of an account after `after` and up to `until`, which must have been reached. */
  async replay(accountId: string, after: AuditPosition, until: AuditPosition): Promise<AuditPage> {
    const values = [accountId, after.tx, after.id, until.tx, until.id];
    const events = (await this.#database.query<Row>(readPage, values)).map(toEntry);
    return { kind: "batch", events, cursor: events.length === pageSize ? placeOf(events, until) : until };
  }

  /** The next entries of an account after `after`; waits for some. Rejects once `signal` aborts. */
  next(accountId: string, after: AuditPosition, signal: AbortSignal): Promise<AuditPage> {
    const { promise, resolve, reject } = Promise.withResolvers<AuditPage>();
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const waiter = { accountId, after, resolve };
    const leave = (): void => {
      this.#waiters.delete(waiter);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiters.add(waiter);
    if (!this.#isLooking) void this.#lookWhileAwaited();
    return promise.finally(() => signal.removeEventListener("abort", leave));
  }

  async #lookWhileAwaited(): Promise<void> {
    this.#isLooking = true;
    while (this.#waiters.size > 0) {
      await this.#look().catch(this.#onError);
      await pause(this.#everyMs, undefined, { ref: false });
    }
    this.#isLooking = false;
  }

  async #look(): Promise<void> {
    const asked = [...this.#waiters];
    const from = this.#position;
    const accountIds = [...new Set(asked.map(({ accountId }) => accountId))];
    const rows = await this.#database.query<Row & { horizon: string }>(readNew, [
      accountIds,
      from.tx,
      from.id,
    ]);
    const entries = rows.filter(({ entryId }) => entryId !== null).map(toEntry);
    const end = behind(rows[0]?.horizon ?? "1");
    const reached = entries.length === pageSize ? placeOf(entries, end) : end;
    // Another look may have ended first, and gone further.
    if (from !== this.#position || !isBefore(from, reached)) return;
    this.#position = reached;
    for (const waiter of this.#waiters) this.#serve(waiter, asked.includes(waiter) ? entries : undefined);
  }

  /** Whoever came while the log was looked at reads again from its own place. */
  #serve(waiter: Waiter, entries: readonly StreamedEntry[] | undefined): void {
    const { accountId, after, resolve } = waiter;
    const events = entries?.filter((entry) => entry.accountId === accountId && isBefore(after, entry)) ?? [];
    if (entries && events.length === 0) return;
    this.#waiters.delete(waiter);
    resolve({ kind: "batch", events, cursor: entries ? this.#position : after });
  }
}

function placeOf(entries: readonly StreamedEntry[], otherwise: AuditPosition): AuditPosition {
  const last = entries.at(-1) ?? otherwise;
  return { tx: last.tx, id: last.id };
}
