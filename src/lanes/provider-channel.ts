import type { Queryable, Statement } from "../database/database.ts";

/** Where changes of a provider that are not changes of its connection are announced. */
export const providerChannel = "smsgraph_providers";

const announce: Statement = {
  name: "announce_provider_change",
  text: `select pg_notify('${providerChannel}', '')`,
};

/** Tells whoever watches providers to look, once the transaction is committed. */
export async function announceProviderChange(transaction: Queryable): Promise<void> {
  await transaction.query(announce, []);
}
