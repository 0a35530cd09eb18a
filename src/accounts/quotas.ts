import type { Viewer } from "../access/api-keys.ts";
import type { Database, Statement } from "../database/database.ts";
import { QuotaExceededError, type QuotaKind } from "../lib/errors.ts";

/** The most that an account may have of each; undefined for no limit. */
export type QuotaLimits = Readonly<Record<QuotaKind, number | undefined>>;

export const defaultQuotas = {
  PROVIDERS: 100,
  KEYS: 1_000,
  CAMPAIGNS: 1_000,
  WEBHOOKS: 100,
  STORED_MESSAGES: undefined,
} as const satisfies QuotaLimits;

export interface Quota {
  kind: QuotaKind;
  /** Null before it was counted for the first time. */
  used: number | null;
  limit: number | null;
}

/** How much of what an account has. Providers and webhooks are refused where they are made. */
export class Quotas {
  readonly #database: Database;
  readonly #limits: QuotaLimits;

  constructor(database: Database, limits: QuotaLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  async read(accountId: string): Promise<Quota[]> {
    const [used] = await this.#database.query<Record<QuotaKind, string | null>>(readUsed, [accountId]);
    return (Object.keys(this.#limits) as QuotaKind[]).map((kind) => {
      const count = used?.[kind] ?? null;
      return { kind, used: count === null ? null : Number(count), limit: this.#limits[kind] ?? null };
    });
  }

  /** @throws QuotaExceededError when the account may have no more keys, or no more campaigns that have not ended */
  async require(kind: "KEYS" | "CAMPAIGNS", accountId: string): Promise<void> {
    const quota = (await this.read(accountId)).find((one) => one.kind === kind);
    if (quota?.limit != null && (quota.used ?? 0) >= quota.limit)
      throw new QuotaExceededError(kind, quota.limit, quota.used ?? 0);
  }

  /** Goes by the last count, so that sending costs no statement for it. @throws QuotaExceededError */
  requireStorage(viewer: Viewer | undefined): void {
    const [limit, used] = [this.#limits.STORED_MESSAGES, viewer?.storedMessages ?? 0];
    if (limit !== undefined && used >= limit) throw new QuotaExceededError("STORED_MESSAGES", limit, used);
  }
}

/** How many accounts one round counts, and how old a count may get. */
const accountsAtOnce = 20;

/** Counts the stored messages of accounts whose last count is ten minutes old. */
export async function countStoredMessages(database: Database): Promise<void> {
  const due = await database.query<{ id: string }>(findUncounted, [accountsAtOnce]);
  for (const { id } of due) await database.query(countStored, [id]);
}

const findUncounted: Statement = {
  name: "find_uncounted_accounts",
  text: `
    select id from accounts
    where deleting_at is null and (stored_at is null or stored_at < now() - interval '10 minutes')
    order by stored_at nulls first
    limit $1`,
};

const countStored: Statement = {
  name: "count_stored_messages",
  text: `
    update accounts set stored_at = now(), stored_messages = (select count(*) from messages where account_id = $1)
    where id = $1`,
};

const readUsed: Statement = {
  name: "read_used_quotas",
  text: `
    select
      (select count(*) from providers where account_id = $1 and disconnected_at is null) as "PROVIDERS",
      (
        select count(*) from api_keys
        where account_id = $1 and revoked_at is null and (expires_at is null or expires_at > now())
      ) as "KEYS",
      (select count(*) from campaigns where account_id = $1 and status in ('SCHEDULED', 'RUNNING', 'PAUSED')) as "CAMPAIGNS",
      (select count(*) from webhooks where account_id = $1) as "WEBHOOKS",
      (select stored_messages from accounts where id = $1) as "STORED_MESSAGES"`,
};
