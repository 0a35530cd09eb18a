import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool, QueryConfig } from "pg";
import { PrismaClient } from "./generated/client.ts";
import { Locks } from "./locks.ts";
import { BoundedPool, holdingConnection } from "./pool.ts";

/** One SQL statement with a name: prepared once per connection, easy to find in PostgreSQL's own statistics. */
export interface Statement {
  name: string;
  text: string;
  /** Each row as the list of its values, in the texts that PostgreSQL sends: for what is read by the thousand. */
  raw?: true;
}

/** Runs statements; either the pool (each on its own) or one transaction. */
export interface Queryable {
  query<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]>;
}

/**
 * The database: Prisma for the object graph and plain reads, named SQL for what must be fast. Both share one
 * pool.
 */
export interface Database extends Queryable {
  readonly pool: Pool;
  readonly prisma: PrismaClient;
  /** Advisory locks that last. */
  readonly locks: Locks;
  /** Runs `work` in one transaction: commits when it returns, rolls back when it throws. */
  transaction<Result>(work: (transaction: Queryable) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  poolSize: number;
  /** Called for every statement, by either road; tests count with it. */
  onStatement?: (text: string) => void;
  /** Called when an idle connection breaks, as in a restart of PostgreSQL. */
  onConnectionError?: (error: Error) => void;
}

export function openDatabase(url: string, options: DatabaseOptions): Database {
  const pool = new BoundedPool(url, options.poolSize);
  const locks = new Locks(url);
  let closing = false;
  const onError = (error: Error): void => {
    if (!closing) options.onConnectionError?.(error);
  };
  pool.on("error", onError);
  // A connection in use reports its error to the statement as well; unheard, it would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  if (options.onStatement) watchStatements(pool, options.onStatement);
  const prisma = holdInTransactions(new PrismaClient({ adapter: new PrismaPg(pool) }));

  return {
    pool,
    prisma,
    locks,
    query: async (statement, values) => (await pool.query(configOf(statement, values))).rows,
    transaction: (work) => inTransaction(pool, work),
    async close() {
      // The pool calls itself ended while its sockets are still closing.
      closing = true;
      await locks.close();
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

/** Prisma's own transactions hold a connection too. */
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

const asText = { getTypeParser: () => (text: string) => text };

/** A statement as `pg` wants it. */
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
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const transaction: Queryable = {
      query: async (statement, values) => (await client.query(configOf(statement, values))).rows,
    };
    const result = await holdingConnection(() => work(transaction));
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((problem: Error) => (broken = problem));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Reports each statement as it is sent, whoever sends it: the pool, a transaction or Prisma. */
function watchStatements(pool: Pool, onStatement: (text: string) => void): void {
  pool.on("connect", (client) => {
    const send = client.query.bind(client) as (...values: unknown[]) => unknown;
    client.query = ((first: string | { text: string }, ...rest: unknown[]) => {
      onStatement(typeof first === "string" ? first : first.text);
      return send(first, ...rest);
    }) as typeof client.query;
  });
}
