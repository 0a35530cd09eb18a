import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { PrismaClient } from "./generated/client.ts";

const pauseMs = 250;

/**
 * The same database, with reads that wait until an outage is over: for a live stream, whose client has no way to
 * ask again for the event that an error took the place of.
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

/** An error is an outage's when the database does not answer, or when the same goes well the second time. */
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
