import type { Statement } from "../database/database.ts";

/** A column of secrets that `SECRET_KEY` encrypts. The id of its row is part of each. */
export interface SealedColumn {
  table: string;
  column: string;
  /** Rows after `$1` in the order of their ids, at most `$2`, locked until the transaction ends. */
  read: Statement;
  /** Stores `$2` in the rows `$1`. */
  write: Statement;
  count: Statement;
}

/** Everything that `SECRET_KEY` encrypts. A test compares this with the columns of the database. */
export const sealedColumns: readonly SealedColumn[] = [
  {
    table: "providers",
    column: "secrets",
    read: {
      name: "read_sealed_providers",
      text: "select id, secrets as sealed from providers where id > $1::uuid order by id limit $2 for no key update",
    },
    write: {
      name: "reseal_providers",
      text: `
        update providers as t set secrets = n.sealed
        from unnest($1::uuid[], $2::bytea[]) as n (id, sealed) where t.id = n.id`,
    },
    count: { name: "count_sealed_providers", text: "select count(*)::int as count from providers" },
  },
  {
    table: "provider_states",
    column: "value",
    read: {
      name: "read_sealed_provider_states",
      text: `
        select provider_id as id, value as sealed from provider_states
        where provider_id > $1::uuid order by provider_id limit $2 for no key update`,
    },
    write: {
      name: "reseal_provider_states",
      text: `
        update provider_states as t set value = n.sealed
        from unnest($1::uuid[], $2::bytea[]) as n (id, sealed) where t.provider_id = n.id`,
    },
    count: {
      name: "count_sealed_provider_states",
      text: "select count(*)::int as count from provider_states",
    },
  },
  {
    table: "webhooks",
    column: "secrets",
    read: {
      name: "read_sealed_webhooks",
      text: "select id, secrets as sealed from webhooks where id > $1::uuid order by id limit $2 for no key update",
    },
    write: {
      name: "reseal_webhooks",
      text: `
        update webhooks as t set secrets = n.sealed
        from unnest($1::uuid[], $2::bytea[]) as n (id, sealed) where t.id = n.id`,
    },
    count: { name: "count_sealed_webhooks", text: "select count(*)::int as count from webhooks" },
  },
];
