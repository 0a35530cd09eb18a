import type { Client } from "pg";
import { indexMadeConcurrently } from "../../src/database/migrate.ts";

/** Tables that have a row, or more, for each message. */
export const largeTables = [
  "messages",
  "message_events",
  "attempts",
  "message_checks",
  "campaign_recipients",
  "callbacks",
  "parked_receipts",
  "idempotency_keys",
];

const rowCount = 300;

/** Values of a type that no constraint here refuses. */
const values: Readonly<Record<string, string>> = {
  uuid: "gen_random_uuid()",
  text: "'x' || g",
  varchar: "'x' || g",
  int2: "1",
  int4: "g",
  int8: "g",
  float8: "1",
  numeric: "1",
  bool: "false",
  bytea: "'\\x00'",
  jsonb: "'{}'",
  timestamptz: "now()",
};

/** Puts rows into every large table, whatever columns it has. */
export async function fill(client: Client): Promise<void> {
  await client.query("set session_replication_role = replica");
  for (const table of largeTables) {
    const { rows } = await client.query<{ name: string; type: string; label: string | null }>(
      `select column_name as name, udt_name as type,
        (select min(enumlabel) from pg_enum join pg_type on pg_type.oid = enumtypid where typname = udt_name) as label
      from information_schema.columns
      where table_schema = 'public' and table_name = $1 and is_nullable = 'NO' and column_default is null`,
      [table],
    );
    const names = rows.map(({ name }) => `"${name}"`).join(", ");
    const row = rows.map(({ type, label }) => (label === null ? values[type] : `'${label}'`)).join(", ");
    await client.query(
      `insert into "${table}" (${names}) select ${row} from generate_series(1, ${rowCount}) as g`,
    );
  }
  await client.query("set session_replication_role = origin");
}

interface Look {
  table: string;
  file: string;
  read: number;
  changed: number;
  isLocked: boolean;
}

const look = `
  select c.relname as table, pg_relation_filenode(c.oid)::text as file,
    pg_stat_get_xact_tuples_returned(c.oid)::int as read,
    (pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid))::int as changed,
    exists (
      select from pg_locks as l
      where l.relation = c.oid and l.pid = pg_backend_pid()
        and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    ) as "isLocked"
  from pg_class as c where c.relname = any ($1) and c.relnamespace = 'public'::regnamespace`;

/** Runs a migration as `migrate` does, and says what it does to large tables that nobody could bear. */
export async function watchMigration(client: Client, script: string): Promise<string[]> {
  if (indexMadeConcurrently(script) !== undefined) {
    await client.query(script);
    return [];
  }
  await client.query("begin");
  const { rows: before } = await client.query<Look>(look, [largeTables]);
  await client.query(script);
  const { rows: after } = await client.query<Look>(look, [largeTables]);
  await client.query("commit");
  return after.flatMap(({ table, file, read, changed, isLocked }) => {
    const known = before.find((one) => one.table === table);
    if (!known || known.file !== file) return [`${table} is rewritten`];
    if (changed - known.changed >= rowCount) return [`every row of ${table} is changed`];
    return isLocked && read - known.read >= rowCount ? [`${table} is read while it is locked`] : [];
  });
}
