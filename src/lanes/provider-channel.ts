import type { Queryable, Statement } from "../database/database.ts";

/** The channel for changes of a provider that are not changes of its connection. */
export const providerChannel = "smsgraph_providers";

const announce: Statement = {
  name: "announce_provider_change",
  text: `select pg_notify('${providerChannel}', '')`,
};

/** Tells everyone who watches providers to look again, once the transaction is committed. */
export async function announceProviderChange(transaction: Queryable): Promise<void> {
  await transaction.query(announce, []);
}
