import type { Database, Statement } from "../database/database.ts";
import type { SharedState } from "../providers/provider.ts";
import type { SecretBox } from "./secret-box.ts";

const read: Statement = {
  name: "read_provider_state",
  text: "select value from provider_states where provider_id = $1",
};

const write: Statement = {
  name: "write_provider_state",
  text: `
    insert into provider_states (provider_id, value) values ($1, $2)
    on conflict (provider_id) do update set value = excluded.value`,
};

const lock = "select pg_advisory_lock(hashtext('smsgraph provider state'), hashtext($1))";
const unlock = "select pg_advisory_unlock(hashtext('smsgraph provider state'), hashtext($1))";

/** The shared state of a connection, in the database, where every process finds it. */
export function createSharedState(database: Database, box: SecretBox, providerId: string): SharedState {
  const open = (rows: { value: Buffer }[]): string | undefined =>
    rows[0] && (box.open(rows[0].value, providerId) as { value: string }).value;

  const renew = async (seen: string | undefined, make: () => Promise<string>): Promise<string> => {
    // A session lock and no transaction: the provider may take seconds, and an open transaction would hold the
    // event log back. Everything on one connection: waiting for a second one could wait for ever.
    const client = await database.pool.connect();
    try {
      await client.query(lock, [providerId]);
      const value = open((await client.query<{ value: Buffer }>({ ...read, values: [providerId] })).rows);
      if (value !== undefined && value !== seen) return value;
      const made = await make();
      await client.query({ ...write, values: [providerId, box.seal({ value: made }, providerId)] });
      return made;
    } finally {
      await client.query(unlock, [providerId]).catch(() => undefined);
      client.release();
    }
  };

  let renewing: Promise<string> | undefined;
  return {
    read: async () => open(await database.query<{ value: Buffer }>(read, [providerId])),
    renew(seen, make) {
      renewing ??= renew(seen, make).finally(() => (renewing = undefined));
      return renewing;
    },
  };
}
