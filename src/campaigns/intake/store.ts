import { setTimeout as pause } from "node:timers/promises";
import { parameters } from "../../database/columns.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { keyHours } from "../../lib/idempotency.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { IdempotencyConflictError, StillImportingError } from "../../lib/errors.ts";
import { addJobs } from "../../queue/jobs.ts";
import type { AccountSpend, Spending } from "../../pricing/spending/spending.ts";
import { newLease } from "./store-recipients.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";
import type { CampaignSettings } from "./settings.ts";
import { currentTrace } from "../../tracing/tracing.ts";

/** A new campaign, before it has recipients. */
export interface NewCampaign extends CampaignSettings {
  id: string;
  accountId: string;
  /** The provider that the caller named; null when routing decides. */
  providerId: string | null;
  sender: string;
  text: string;
  /** The encoding that was asked for; null for AUTO. */
  encoding: string | null;
  /** The names of the values that are kept until it begins; null when none are. */
  valueNames: readonly string[] | null;
  /** The served API that it came by. */
  servedAs: ServedApi | null;
  callbackUrl: string | null;
  idempotencyKey: string | null;
  /** Hexadecimal. */
  fingerprint: string | null;
}

/** The input and the campaign for which an idempotency key was used. */
export type Repeat = Pick<NewCampaign, "accountId" | "idempotencyKey" | "fingerprint">;

const freeKey: Statement = {
  name: "free_campaign_key",
  text: `
    update campaigns set idempotency_key = null
    where account_id = $1 and idempotency_key = $2
      and (created_at <= ${retentionTime} - interval '${keyHours} hours' or (imported_at is null and import_until < now()))`,
};

const stored = parameters({
  id: "uuid",
  accountId: "uuid",
  name: "text",
  providerId: "uuid",
  sender: "text",
  text: "text",
  encoding: "text",
  valueNames: "text[]",
  priority: "message_priority",
  scheduledAt: "timestamptz",
  timeZone: "text",
  windowStart: "smallint",
  windowEnd: "smallint",
  windowDays: "smallint",
  observeHolidays: "boolean",
  endsAt: "timestamptz",
  messagesPerSecond: "float8",
  servedAs: "compat_api",
  callbackUrl: "text",
  idempotencyKey: "text",
  fingerprint: "bytea",
  trace: "bytea",
});

const insert: Statement = {
  name: "insert_campaign",
  text: `
    insert into campaigns (${stored.names}, status, created_at, updated_at, import_until)
    values (${stored.list},
      case when ${stored.sql.scheduledAt} is null then 'RUNNING' else 'SCHEDULED' end::campaign_status,
      now(), now(), ${newLease})
    on conflict (account_id, idempotency_key) do nothing
    returning id`,
};

/**
 * Stores a campaign without recipients; nothing is sent before `sealImport`. Returns the id of the campaign
 * that holds the idempotency key: that is another one when the key is taken. A key that is a day old, or whose import
 * has died, is taken over.
 * @throws IdempotencyConflictError when the key was used for another input
 * @throws StillImportingError when its campaign is being imported for long
 */
export async function beginImport(database: Database, campaign: NewCampaign): Promise<string> {
  const { id, accountId, idempotencyKey } = campaign;
  const fingerprint = campaign.fingerprint === null ? null : Buffer.from(campaign.fingerprint, "hex");
  // The lease does not begin with the creation: the file's first bytes may arrive much later.
  const values = { ...campaign, fingerprint, trace: currentTrace() };
  for (;;) {
    const [inserted] = await database.transaction(async (transaction) => {
      if (idempotencyKey !== null) await transaction.query(freeKey, [accountId, idempotencyKey]);
      return transaction.query<{ id: string }>(insert, stored.values(values));
    });
    if (inserted) return id;
    // Unused if that campaign's import has just failed and freed the key: then insert again.
    const earlier = await findEarlier(database, campaign);
    if (earlier.kind === "repeated") return earlier.campaignId;
  }
}

const findKey: Statement = {
  name: "find_campaign_key",
  text: `
    select id, encode(fingerprint, 'hex') as fingerprint, imported_at is not null as "isWhole" from campaigns
    where account_id = $1 and idempotency_key = $2 and created_at > ${retentionTime} - interval '${keyHours} hours'
      and (imported_at is not null or import_until >= now())`,
};

/** The campaign that an idempotency key stands for. */
type EarlierUse = { kind: "repeated"; campaignId: string } | { kind: "unused" };

/** How long a repeat waits for the import of the first request, and how often it looks. */
const importPatienceMs = 15_000;
const lookEveryMs = 100;

/**
 * Finds the campaign that holds an idempotency key. Waits while it is being imported: if that import dies, the campaign is
 * removed, and nobody may have been told of it.
 * @throws IdempotencyConflictError when it had another input
 * @throws StillImportingError when it takes too long
 */
export async function findEarlier(database: Database, repeat: Repeat): Promise<EarlierUse> {
  const deadline = performance.now() + importPatienceMs;
  for (;;) {
    const earlier = await findKeyUse(database, repeat);
    if (earlier.kind !== "importing") return earlier;
    if (performance.now() > deadline) throw new StillImportingError();
    await pause(lookEveryMs);
  }
}

async function findKeyUse(
  database: Database,
  { accountId, idempotencyKey, fingerprint }: Repeat,
): Promise<EarlierUse | { kind: "importing" }> {
  if (idempotencyKey === null) return { kind: "unused" };
  const values = [accountId, idempotencyKey];
  const [campaign] = await database.query<{ id: string; fingerprint: string; isWhole: boolean }>(
    findKey,
    values,
  );
  if (!campaign) return { kind: "unused" };
  if (fingerprint === campaign.fingerprint)
    return campaign.isWhole ? { kind: "repeated", campaignId: campaign.id } : { kind: "importing" };
  throw new IdempotencyConflictError(idempotencyKey, null, campaign.id);
}

const seal: Statement = {
  name: "seal_campaign_import",
  text: `
    with sealed as (
      update campaigns
      set imported_at = $2, import_until = null, updated_at = $2,
        started_at = case when status = 'RUNNING' then $2::timestamptz end
      where id = $1 and imported_at is null and import_until > now() and total > 0
      returning id, total, scheduled_at
    ), counted as (
      insert into campaign_tallies (campaign_id, status, delta)
      select id, case when scheduled_at is null then 'QUEUED' else 'SCHEDULED' end::message_status, total from sealed
    )
    select id from sealed`,
};

/**
 * Completes an import: counts the campaign, starts or schedules it, and adds the job that creates its
 * messages. Returns false when it has no recipients. The campaign must fit the account's caps as a whole, or
 * nothing is sent.
 * @throws SpendingCapError
 */
export async function sealImport(
  spending: Spending,
  { id: campaignId, accountId }: Pick<NewCampaign, "id" | "accountId">,
  now: Date,
): Promise<boolean> {
  return spending.within([accountId], async (transaction, ledgers) => {
    const ledger = ledgers.get(accountId);
    const spends = ledger ? await readSpends(transaction, accountId, campaignId) : [];
    for (const spend of spends) {
      const error = ledger?.take(spend);
      if (error) throw error;
    }
    const [sealed] = await transaction.query(seal, [campaignId, now]);
    if (!sealed) return { spends: [], result: false };
    await addJobs(transaction, [
      { task: "expand-campaign", payload: { campaignId }, key: `expand-campaign ${campaignId}` },
    ]);
    return { spends, result: true };
  });
}

const sumSpends: Statement = {
  name: "sum_campaign_spends",
  text: `
    select country, sum(estimated_cost)::text as amount, estimated_currency as currency
    from campaign_recipients
    where campaign_id = $1
    group by country, estimated_currency`,
};

/** The estimated cost of the stored recipients; repeated numbers count once. */
async function readSpends(
  transaction: Queryable,
  accountId: string,
  campaignId: string,
): Promise<AccountSpend[]> {
  const sums = await transaction.query<Omit<AccountSpend, "accountId">>(sumSpends, [campaignId]);
  return sums.map((sum) => ({ ...sum, accountId }));
}
