import type { Database, Statement } from "../database/database.ts";
import { paced } from "../lib/paced.ts";
import { deletionSteps, type DeletionStep } from "./deletion-steps.ts";

const lockSpace = "smsgraph delete account";

/** How far the deletion of an account has come. */
export interface DeletionProgress {
  step: string;
  /** Rows deleted so far. */
  deleted: number;
  isFinished: boolean;
}

/**
 * Goes on with deletions that were asked for, until they are finished or `signal` aborts. Every step is a short
 * transaction that also notes what it did, so whoever comes after a kill goes on from there.
 */
export async function deleteAccounts(database: Database, signal?: AbortSignal): Promise<void> {
  const pending = await database.query<{ id: string }>(findPending, []);
  for (const { id } of pending) await paced(() => deleteSome(database, id), signal);
}

/** Does one step of a deletion. False when nothing is left to do now: it is finished, waits, or another does it. */
export async function deleteSome(database: Database, accountId: string): Promise<boolean> {
  const release = await database.locks.tryHold(lockSpace, accountId);
  if (!release) return false;
  try {
    if ((await database.query(findSubmitting, [accountId])).length > 0) return false;
    for (const step of deletionSteps) if (await runStep(database, accountId, step)) return true;
    await database.query(finish, [accountId]);
    return false;
  } finally {
    await release();
  }
}

/** Undefined when no deletion was asked for. */
export async function readDeletion(
  database: Database,
  accountId: string,
): Promise<DeletionProgress | undefined> {
  const [row] = await database.query<{ step: string; deleted: string; isFinished: boolean }>(readProgress, [
    accountId,
  ]);
  return row && { ...row, deleted: Number(row.deleted) };
}

/** Whether the step found something. */
async function runStep(database: Database, accountId: string, step: DeletionStep): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const deleted = await step.run(transaction, accountId);
    if (deleted > 0) await transaction.query(noteProgress, [accountId, step.what, deleted]);
    return deleted > 0;
  });
}

const findPending: Statement = {
  name: "find_accounts_to_delete",
  text: "select id from accounts where deleting_at is not null order by deleting_at limit 10",
};

/** What a provider is being asked ends first, so that its outcome finds its message. No request takes longer. */
const findSubmitting: Statement = {
  name: "find_submitting_of_account",
  text: `
    select 1
    from providers as p
    where p.account_id = $1 and (
      exists (
        select from attempts
        where provider_id = p.id and finished_at is null and started_at > now() - interval '10 minutes'
      )
      or exists (select from bulk_attempts where provider_id = p.id and started_at > now() - interval '10 minutes')
    )
    limit 1`,
};

const noteProgress: Statement = {
  name: "note_account_deletion",
  text: "update account_deletions set step = $2, deleted = deleted + $3 where account_id = $1",
};

const finish: Statement = {
  name: "finish_account_deletion",
  text: `
    update account_deletions set step = '', finished_at = now()
    where account_id = $1 and finished_at is null and not exists (select from accounts where id = $1)`,
};

const readProgress: Statement = {
  name: "read_account_deletion",
  text: `
    select step, deleted, finished_at is not null as "isFinished" from account_deletions where account_id = $1`,
};
