import type { Database, Statement } from "../database/database.ts";
import { Batcher } from "../lib/batcher.ts";

const find: Statement = {
  name: "find_provider_ids",
  text: "select id from providers where id = any ($1::uuid[])",
};

const maxAtOnce = 1_000;

/** Answers whether connections exist whose ids anybody may have made up. One statement at a time answers all who ask meanwhile. */
export class KnownIds {
  readonly #batcher: Batcher<string, boolean>;

  constructor(database: Database) {
    this.#batcher = new Batcher(async (ids) => {
      const found = new Set((await database.query<{ id: string }>(find, [ids])).map(({ id }) => id));
      return ids.map((id) => found.has(id.toLowerCase()));
    }, maxAtOnce);
  }

  has(id: string): Promise<boolean> {
    return this.#batcher.add(id);
  }
}
