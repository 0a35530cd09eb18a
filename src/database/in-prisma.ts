import type { Prisma } from "./generated/client.ts";
import type { Queryable } from "./database.ts";

/** Runs statements in a transaction of Prisma. */
export const inPrisma = (transaction: Pick<Prisma.TransactionClient, "$queryRawUnsafe">): Queryable => ({
  query: async (statement, values) => transaction.$queryRawUnsafe(statement.text, ...values),
});
