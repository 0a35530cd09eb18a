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

const lockSpace = "smsgraph provider state";

/** Making a new value involves a request to the provider, which takes seconds. */
const maxWaitMs = 60_000;

/** Keeps the shared state of a connection in the database, for all processes. */
export function createSharedState(database: Database, box: SecretBox, providerId: string): SharedState {
  const open = (rows: { value: Buffer }[]): string | undefined =>
    rows[0] && (box.open(rows[0].value, providerId) as { value: string }).value;

  const current = async (): Promise<string | undefined> =>
    open(await database.query<{ value: Buffer }>(read, [providerId]));

  const renew = async (seen: string | undefined, make: () => Promise<string>): Promise<string> => {
    // A lock outside a transaction: a transaction open during the request would hold back the readers of the
    // event log.
    const release = await database.locks.hold(lockSpace, providerId, maxWaitMs);
    try {
      const value = await current();
      if (value !== undefined && value !== seen) return value;
      const made = await make();
      await database.query(write, [providerId, box.seal({ value: made }, providerId)]);
      return made;
    } finally {
      await release();
    }
  };

  let renewing: Promise<string> | undefined;
  return {
    read: current,
    renew(seen, make) {
      renewing ??= renew(seen, make).finally(() => (renewing = undefined));
      return renewing;
    },
  };
}
