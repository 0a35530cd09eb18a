import { randomUUIDv7 } from "node:crypto";
import type { AuditAction } from "../audit/actions.ts";
import { recordAudit } from "../audit/record.ts";
import { newKey } from "../access/api-keys.ts";
import { scopes } from "../access/scopes.ts";
import { storeKey } from "../access/store-key.ts";
import type { RateLimits } from "../access/rate-limits.ts";
import { connectionChannel } from "../connections/channel.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { AccountDeletingError, InvalidInputError, NotFoundError } from "../lib/errors.ts";
import { suspendLanes } from "../lanes/suspend.ts";

/** What the operator does with accounts. Nothing here looks into them. */
export class Accounts {
  readonly #database: Database;
  readonly #keepsTotals: boolean;

  /** `keepsTotals`: whether messages and costs by month are kept of a deleted account. */
  constructor(database: Database, keepsTotals: boolean) {
    this.#database = database;
    this.#keepsTotals = keepsTotals;
  }

  /** Makes an account and its first key, which may do everything. @throws InvalidInputError */
  async create(name: string): Promise<{ accountId: string; secret: string }> {
    const accountId = await makeAccount(this.#database, name);
    const secret = newKey();
    await storeKey(this.#database, secret, { accountId, name: "first key", granted: scopes });
    return { accountId, secret };
  }

  /**
   * Refuses everyone who calls for the account, in every process within a second, and stops its queue and its
   * webhooks. Receipts of what was submitted are still taken. @throws NotFoundError
   */
  async suspend(accountId: string): Promise<void> {
    await this.#database.transaction((transaction) => suspend(transaction, accountId));
  }

  /** Lets the account go on where it stopped. @throws NotFoundError, AccountDeletingError */
  async resume(accountId: string): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const [account] = await transaction.query<Locked>(lockAccount, [accountId]);
      if (!account) throw new NotFoundError("Account", accountId);
      if (account.isDeleting) throw new AccountDeletingError();
      if (account.suspendedAt === null) return;
      await transaction.query(markResumed, [accountId]);
      await audit(transaction, accountId, "ACCOUNT_RESUMED", {
        before: { suspendedAt: account.suspendedAt },
        after: { suspendedAt: null },
      });
      await suspendLanes(transaction, accountId, false);
    });
  }

  /**
   * Suspends the account and asks for its deletion, which workers then do step by step. It cannot be taken back.
   * @throws NotFoundError
   */
  async delete(accountId: string): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      await suspend(transaction, accountId);
      const asked = await transaction.query(markDeleting, [accountId, this.#keepsTotals]);
      const after = { keepsTotals: this.#keepsTotals };
      if (asked.length > 0) await audit(transaction, accountId, "ACCOUNT_DELETED", { after });
    });
  }

  /** Replaces the rate limits of the account; those of everyone hold for what is left out. @throws NotFoundError */
  async setLimits(accountId: string, limits: RateLimits): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const [account] = await transaction.query<Locked>(lockAccount, [accountId]);
      if (!account) throw new NotFoundError("Account", accountId);
      await transaction.query(updateLimits, [accountId, JSON.stringify(limits)]);
      const before = { limits: account.limits ?? {} };
      await audit(transaction, accountId, "ACCOUNT_LIMITS_SET", { before, after: { limits } });
    });
  }
}

/** Makes an account without keys. @throws InvalidInputError when another one has the name */
export function makeAccount(database: Database, name: string): Promise<string> {
  const accountId = randomUUIDv7();
  return database.transaction(async (transaction) => {
    const [made] = await transaction.query(insertAccount, [accountId, name]);
    if (!made) throw new InvalidInputError("name", "There is an account with this name. Choose another one.");
    await audit(transaction, accountId, "ACCOUNT_CREATED", { after: { name } });
    return accountId;
  });
}

async function suspend(transaction: Queryable, accountId: string): Promise<void> {
  const [account] = await transaction.query<Locked>(lockAccount, [accountId]);
  if (!account) throw new NotFoundError("Account", accountId);
  if (account.suspendedAt !== null) return;
  const [marked] = await transaction.query<{ suspendedAt: Date }>(markSuspended, [accountId]);
  await audit(transaction, accountId, "ACCOUNT_SUSPENDED", {
    before: { suspendedAt: null },
    after: { suspendedAt: marked?.suspendedAt },
  });
  await suspendLanes(transaction, accountId, true);
}

const audit = (
  transaction: Queryable,
  accountId: string,
  action: AuditAction,
  change: { before?: object; after: object },
): Promise<void> =>
  recordAudit(transaction, { accountId, action, target: { type: "Account", id: accountId }, ...change });

interface Locked {
  suspendedAt: Date | null;
  isDeleting: boolean;
  limits: RateLimits | null;
}

const insertAccount: Statement = {
  name: "insert_account",
  text: `
    insert into accounts (id, name)
    select $1, $2::text where not exists (select from accounts where name = $2)
    returning id`,
};

const markSuspended: Statement = {
  name: "mark_account_suspended",
  text: 'update accounts set suspended_at = now() where id = $1 returning suspended_at as "suspendedAt"',
};

const lockAccount: Statement = {
  name: "lock_account",
  text: `
    select suspended_at as "suspendedAt", deleting_at is not null as "isDeleting", limits
    from accounts where id = $1 for no key update`,
};

const markResumed: Statement = {
  name: "mark_account_resumed",
  text: "update accounts set suspended_at = null where id = $1",
};

/** Its providers are disconnected at once, so that no process takes callbacks which nobody would delete any more. */
const markDeleting: Statement = {
  name: "mark_account_deleting",
  text: `
    with deleting as (
      update accounts set deleting_at = coalesce(deleting_at, now()) where id = $1
    ), disconnected as (
      update providers set disconnected_at = now() where account_id = $1 and disconnected_at is null returning id
    ), told as materialized (
      select count(pg_notify('${connectionChannel}', id::text)) from disconnected
    )
    insert into account_deletions (account_id, keeps_totals)
    select $1, $2 from told on conflict do nothing returning account_id`,
};

const updateLimits: Statement = {
  name: "update_account_limits",
  text: "update accounts set limits = nullif($2::jsonb, '{}') where id = $1",
};
