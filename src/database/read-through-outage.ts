import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { PrismaClient } from "./generated/client.ts";

const pauseMs = 250;

/**
 * The same database, but its reads wait until an outage is over. For live streams: when an error replaces an
 * event, the client cannot ask for that event again.
 */
export function patient(database: Database): Database {
  const prisma = database.prisma.$extends({
    query: { $allOperations: ({ args, query }) => waitOut(database, () => query(args)) },
  });
  return {
    ...database,
    prisma: prisma as unknown as PrismaClient,
    query: (statement, values) => waitOut(database, () => database.query(statement, values)),
  };
}

/**
 * Treats an error as an outage when the database does not answer, or when the same read succeeds the second
 * time.
 */
async function waitOut<Result>(database: Database, read: () => Promise<Result>): Promise<Result> {
  for (let isSecond = false; ;) {
    try {
      return await read();
    } catch (error) {
      const answers = await isThere(database);
      if (database.pool.ended || (answers && isSecond)) throw error;
      if (!answers) await pause(pauseMs);
      isSecond = answers;
    }
  }
}

const isThere = ({ pool }: Database): Promise<boolean> =>
  pool.query("select 1").then(
    () => true,
    () => false,
  );
