import type { Provider } from "../../database/generated/client.ts";
import { accountOf, type Context } from "../context.ts";

/** Providers of the caller's account by their ids, in one statement; null for each that is not there. */
export async function loadProviders(ids: string[], context: Context): Promise<(Provider | null)[]> {
  const where = { id: { in: ids }, accountId: accountOf(context) };
  const found = new Map(
    (await context.database.prisma.provider.findMany({ where })).map((row) => [row.id, row]),
  );
  return ids.map((id) => found.get(id) ?? null);
}
