import { execute, type Database, type Statement } from "../../database/database.ts";

const erase: Statement = {
  name: "erase_parked_receipts",
  text: `
    update parked_receipts set failure_text = null
    where provider_id in (select id from providers where account_id = $1) and strpos(failure_text, $2) > 0`,
};

/** Takes a number out of what providers said in receipts that wait for their message. */
export const eraseParked = (database: Database, accountId: string, number: string): Promise<void> =>
  execute(database, erase, [accountId, number.slice(1)]);
