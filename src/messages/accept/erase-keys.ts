import { execute, type Database, type Statement } from "../../database/database.ts";

const erase: Statement = {
  name: "erase_idempotency_keys",
  text: "delete from idempotency_keys where account_id = $1 and strpos(key, $2) > 0",
};

/** Forgets idempotency keys that have the digits of a number in them. */
export const eraseKeys = (database: Database, accountId: string, number: string): Promise<void> =>
  execute(database, erase, [accountId, number.slice(1)]);
