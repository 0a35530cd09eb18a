import type { Provider } from "../../database/generated/client.ts";
import { accountOf, type Context } from "../context.ts";

/** Loads providers of the caller's account by id, in one statement; null for each that does not exist. */
export async function loadProviders(ids: string[], context: Context): Promise<(Provider | null)[]> {
  const where = { id: { in: ids }, accountId: accountOf(context) };
  const found = new Map(
    (await context.database.prisma.provider.findMany({ where })).map((row) => [row.id, row]),
  );
  return ids.map((id) => found.get(id) ?? null);
}
