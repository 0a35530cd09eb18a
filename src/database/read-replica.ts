import { SharedReads } from "../lib/shared-reads.ts";
import { openDatabase, type Database, type DatabaseOptions, type Statement } from "./database.ts";

/** How far a replica may be behind. Further behind, it is not read. */
const maxLagSeconds = 10;
/** How often it is looked after, and how long an answer may take. */
const lookEveryMs = 1_000;
const answerMs = 2_000;

/** Transactions of one server, as a snapshot of it or of its replica shows them. */
interface Snapshot {
  /** Of all below, the snapshot shows what became of them. */
  horizon: bigint;
  /** Of none from here on it shows anything. */
  next: bigint;
}

const readSnapshot: Statement = {
  name: "read_snapshot",
  text: `
    select pg_snapshot_xmin(s)::text as horizon, pg_snapshot_xmax(s)::text as next
    from pg_current_snapshot() as s`,
};

/** The same of a server and all its replicas, and of no other. */
const readIdentity: Statement = {
  name: "read_system_identifier",
  text: "select system_identifier::text as identifier from pg_control_system()",
};

interface ReplicaOptions extends DatabaseOptions {
  url: string;
  primary: Database;
  /** Called when the replica becomes usable or stops being so. */
  onChange?: (description: string, isUsable: boolean) => void;
}

/** What the primary had at a time. */
interface Sample {
  at: number;
  horizon: bigint;
}

/**
 * A replica of the database that answers queries, which therefore may lag behind. It is used while it can be reached and
 * is at most ten seconds behind. How far it is behind is measured by what it shows, not by clocks.
 */
export class ReadReplica {
  readonly database: Database;
  readonly #primary: Database;
  readonly #onChange: (description: string, isUsable: boolean) => void;
  readonly #snapshots: SharedReads<"replica" | "primary", Snapshot>;
  /** The oldest first. */
  #samples: Sample[] = [];
  #horizon = 0n;
  /** Of the primary. */
  #identity: string | undefined;
  #problem: Problem | undefined = "unseen";
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ url, primary, onChange = () => undefined, ...options }: ReplicaOptions) {
    this.database = openDatabase(url, { ...options, onConnectionError: (error) => this.#lose(error) });
    this.#primary = primary;
    this.#onChange = onChange;
    this.#snapshots = new SharedReads(String, async (which) =>
      snapshotOf(which === "replica" ? this.database : primary),
    );
  }

  /** Everything of transactions before this one is shown by the replica. */
  get horizon(): bigint {
    return this.#horizon;
  }

  get isUsable(): boolean {
    return this.#problem === undefined;
  }

  /** Infinite when it is not known. */
  get lagSeconds(): number {
    const covered = this.#samples.findLast(({ horizon }) => horizon <= this.#horizon);
    const newest = this.#samples.at(-1);
    return covered && newest ? (newest.at - covered.at) / 1000 : Infinity;
  }

  describe(): string {
    return this.#problem === undefined
      ? "queries are read from the replica"
      : `queries are read from the primary, since ${problemTexts[this.#problem]}`;
  }

  /** @throws Error when the other database is no replica of the primary. */
  async open(): Promise<void> {
    await this.#look();
    if (this.#problem === "foreign")
      throw new Error("DATABASE_READ_URL leads to a server that is no replica of the one of DATABASE_URL");
  }

  /** Whether the replica shows everything of this transaction and those before it. Asks it, if that is not known. */
  async covers(transaction: bigint): Promise<boolean> {
    if (this.#horizon > transaction) return true;
    try {
      this.#see(await inTime(this.#snapshots.ask("replica")));
    } catch (error) {
      this.#lose(error as Error);
    }
    return this.isUsable && this.#horizon > transaction;
  }

  /** The last transaction that can be seen now at the replica, or at the primary. */
  async lastSeen(database: Database): Promise<bigint> {
    const { next } = await this.#snapshots.ask(database === this.database ? "replica" : "primary");
    return next - 1n;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.database.close();
  }

  async #look(): Promise<void> {
    try {
      await this.#takeSample();
      this.#identity ??= await inTime(identityOf(this.#primary));
      const identity = await inTime(identityOf(this.database));
      this.#see(await inTime(this.#snapshots.ask("replica")));
      if (identity !== this.#identity) this.#set("foreign");
      else this.#set(this.lagSeconds > maxLagSeconds ? "behind" : undefined);
    } catch (error) {
      this.#lose(error as Error);
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), lookEveryMs);
  }

  /** The replica does not lag behind while the primary is away. */
  async #takeSample(): Promise<void> {
    const snapshot = await inTime(this.#snapshots.ask("primary")).catch(() => undefined);
    if (!snapshot) return;
    this.#samples.push({ at: performance.now(), horizon: snapshot.horizon });
    const oldest = performance.now() - 2 * maxLagSeconds * 1000;
    this.#samples = this.#samples.filter(({ at }) => at >= oldest);
  }

  #see({ horizon }: Snapshot): void {
    if (horizon > this.#horizon) this.#horizon = horizon;
  }

  #lose({ message }: Error): void {
    if (!this.#isClosed) this.#set("lost", message);
  }

  #set(problem: Problem | undefined, detail?: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const description = detail === undefined ? this.describe() : `${this.describe()}: ${detail}`;
    this.#onChange(description, this.isUsable);
  }
}

/** Why the replica is not read, in words. */
const problemTexts = {
  unseen: "the replica has not been looked for yet",
  lost: "the replica cannot be reached",
  behind: "the replica is too far behind",
  foreign: "the other server is no replica of it",
} as const;

type Problem = keyof typeof problemTexts;

async function snapshotOf(database: Database): Promise<Snapshot> {
  const [row] = await database.query<{ horizon: string; next: string }>(readSnapshot, []);
  return { horizon: BigInt(row?.horizon ?? 0), next: BigInt(row?.next ?? 0) };
}

const identityOf = async (database: Database): Promise<string | undefined> =>
  (await database.query<{ identifier: string }>(readIdentity, []))[0]?.identifier;

/** @throws Error when the answer takes too long */
async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no answer in time")), answerMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
