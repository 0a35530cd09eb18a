import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool, PoolClient, QueryConfig } from "pg";
import { PrismaClient } from "./generated/client.ts";
import { Locks } from "./locks.ts";
import { BoundedPool, holdingConnection } from "./pool.ts";

/** A named SQL statement: prepared once per connection, and easy to find in PostgreSQL's statistics. */
export interface Statement {
  name: string;
  text: string;
  /** Each row as an array of the texts that PostgreSQL sends. Faster for thousands of rows. */
  raw?: true;
}

/** Runs statements: on the pool, each by itself, or in one transaction. */
export interface Queryable {
  query<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]>;
  /** In a transaction only: sends a statement without waiting for it. If it fails, the commit fails. */
  send?(statement: Statement, values: unknown[]): void;
}

/** Runs a statement without a result; in a transaction the caller does not wait for it. */
export async function execute(queryable: Queryable, statement: Statement, values: unknown[]): Promise<void> {
  if (queryable.send) queryable.send(statement, values);
  else await queryable.query(statement, values);
}

/**
 * The database: Prisma for the object graph and plain reads, named SQL for what must be fast. Both use the
 * same pool.
 */
export interface Database extends Queryable {
  readonly pool: Pool;
  readonly prisma: PrismaClient;
  /** Advisory locks that outlast a statement. */
  readonly locks: Locks;
  /** Runs `work` in one transaction: commits when it returns, rolls back when it throws. */
  transaction<Result>(work: (transaction: Queryable) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  poolSize: number;
  /** Called for every statement, also Prisma's. Tests count statements with it. */
  onStatement?: (text: string) => void;
  /** Called when an idle connection breaks, for example when PostgreSQL restarts. */
  onConnectionError?: (error: Error) => void;
}

/** Milliseconds. The pool decides how long a connection is waited for, not Prisma, which would give up after two seconds. */
const transactionOptions = { maxWait: 120_000, timeout: 30_000 };

export function openDatabase(url: string, options: DatabaseOptions): Database {
  const pool = new BoundedPool(url, options.poolSize);
  const locks = new Locks(url);
  let closing = false;
  const onError = (error: Error): void => {
    if (!closing) options.onConnectionError?.(error);
  };
  pool.on("error", onError);
  // A connection in use also reports its error to the statement. An error event without a listener would end
  // the process.
  pool.on("connect", (client) => client.on("error", onError));
  if (options.onStatement) watchStatements(pool, options.onStatement);
  const prisma = holdInTransactions(new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions }));

  return {
    pool,
    prisma,
    locks,
    query: async (statement, values) =>
      (await withoutDeadlock(() => pool.query(configOf(statement, values)))).rows,
    transaction: (work) => inTransaction(pool, work),
    async close() {
      // The pool reports its end while its sockets are still closing.
      closing = true;
      await locks.close();
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

/** Prisma's own transactions also hold a connection. */
function holdInTransactions(prisma: PrismaClient): PrismaClient {
  const begin = prisma.$transaction.bind(prisma) as (work: unknown, options?: object) => Promise<unknown>;
  const $transaction = (work: unknown, options?: object): Promise<unknown> => {
    if (typeof work !== "function") return begin(work, options);
    return begin(
      (transaction: unknown) => holdingConnection(async () => work(transaction) as unknown),
      options,
    );
  };
  return Object.assign(prisma, { $transaction });
}

/**
 * The same database for what is done seldom or with thousands of rows at once: each statement is planned when it runs. A plan that was
 * kept from when a table was empty reads the whole table for each row, however many there are by now.
 */
export const planningAnew = (database: Database): Database => ({
  ...database,
  query: (statement, values) => database.query(withoutName(statement), values),
  transaction: (work) =>
    database.transaction((transaction) =>
      work({
        query: (statement, values) => transaction.query(withoutName(statement), values),
        send: (statement, values) => transaction.send?.(withoutName(statement), values),
      }),
    ),
});

/** Only statements with a name keep their plan. */
const withoutName = (statement: Statement): Statement => ({ ...statement, name: "" });

const deadlocked = "40P01";
const mostTries = 5;

/** A statement by itself that PostgreSQL has chosen to end a deadlock has done nothing, and can be run again. */
async function withoutDeadlock<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if ((error as { code?: unknown }).code !== deadlocked || tries === mostTries) throw error;
    }
  }
}

const asText = { getTypeParser: () => (text: string) => text };

/** Converts a statement to the form that `pg` expects. */
const configOf = ({ name, text, raw }: Statement, values: unknown[]): QueryConfig => ({
  name,
  text,
  values,
  ...(raw && { rowMode: "array", types: asText }),
});

async function inTransaction<Result>(
  pool: Pool,
  work: (transaction: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  const open = new OpenTransaction(client);
  let broken: Error | undefined;
  try {
    open.begin();
    const result = await holdingConnection(() => work(open));
    await open.commit();
    return result;
  } catch (error) {
    await client.query("rollback").catch((problem: Error) => (broken = problem));
    throw open.failure ?? error;
  } finally {
    client.release(broken);
  }
}

class OpenTransaction implements Queryable {
  readonly #client: PoolClient;
  readonly #sent: Promise<unknown>[] = [];
  /** The first error of the sent statements. Later ones only fail because of it. */
  failure: unknown;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  /** Sent together with the first statement. */
  begin(): void {
    this.#note(this.#client.query("begin"));
  }

  async query<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>(configOf(statement, values))).rows;
  }

  send(statement: Statement, values: unknown[]): void {
    this.#note(this.#client.query(configOf(statement, values)));
  }

  /** PostgreSQL rolls back instead when an earlier statement has failed. */
  async commit(): Promise<void> {
    await Promise.all([...this.#sent, this.#client.query("commit")]);
  }

  #note(sent: Promise<unknown>): void {
    this.#sent.push(sent);
    sent.catch((error: unknown) => (this.failure ??= error));
  }
}

/** Reports each statement as it is sent by the pool, a transaction or Prisma. */
function watchStatements(pool: Pool, onStatement: (text: string) => void): void {
  pool.on("connect", (client) => {
    const send = client.query.bind(client) as (...values: unknown[]) => unknown;
    client.query = ((first: string | { text: string }, ...rest: unknown[]) => {
      onStatement(typeof first === "string" ? first : first.text);
      return send(first, ...rest);
    }) as typeof client.query;
  });
}
