import type { Queryable, Statement } from "../database/database.ts";

/** Stops or opens the lanes of all providers of an account. What was submitted before ends as usual. */
export async function suspendLanes(
  transaction: Queryable,
  accountId: string,
  suspended: boolean,
): Promise<void> {
  await transaction.query(setSuspended, [accountId, suspended]);
}

const setSuspended: Statement = {
  name: "set_lanes_suspended",
  text: `
    update lanes set suspended = $2
    where provider_id in (select id from providers where account_id = $1) and suspended <> $2`,
};
