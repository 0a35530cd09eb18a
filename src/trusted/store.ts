import type { Database, Queryable, Statement } from "../database/database.ts";
import type { FoundDocument } from "./manifests.ts";

/** What storing changed. */
export interface StoredDocuments {
  added: number;
  removed: number;
}

/** Stores documents under their ids; with `replacing`, those that are not among them are trusted no longer. */
export async function storeDocuments(
  database: Database,
  found: readonly FoundDocument[],
  { replacing }: { replacing: boolean },
): Promise<StoredDocuments> {
  const rows = found.flatMap(({ ids, name, text }) => ids.map((id) => ({ id, name, text })));
  return database.transaction(async (transaction) => {
    const removed = replacing ? await count(transaction, removeOthers, [rows.map(({ id }) => id)]) : 0;
    return { added: await count(transaction, insert, [JSON.stringify(rows)]), removed };
  });
}

async function count(transaction: Queryable, statement: Statement, values: unknown[]): Promise<number> {
  return (await transaction.query(statement, values)).length;
}

const insert: Statement = {
  name: "insert_trusted_documents",
  text: `
    insert into trusted_documents as d (id, name, text)
    select distinct on (id) id, name, text from json_to_recordset($1) as r (id text, name text, text text)
    on conflict (id) do update set name = excluded.name, text = excluded.text
    where (d.name, d.text) is distinct from (excluded.name, excluded.text)
    returning id`,
};

const removeOthers: Statement = {
  name: "remove_other_trusted_documents",
  text: "delete from trusted_documents where id <> all ($1::text[]) returning id",
};
