import { recordAudit } from "../../audit/record.ts";
import type { Clock } from "../../lib/clock.ts";
import { parameters } from "../../database/columns.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { CampaignEndedError, NotFoundError, VersionConflictError } from "../../lib/errors.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import { minUuid } from "../../lib/uuid.ts";
import { campaignChannel } from "../../messages/changes/tallies.ts";
import { moveWaitingMessages } from "../../messages/changes/move-waiting.ts";
import { lockCampaignChange } from "../../messages/changes/campaign-lock.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { addJobs } from "../../queue/jobs.ts";
import { planText } from "./change-text.ts";
import type { NewText } from "./compose.ts";
import { rewriteCampaign } from "./rewrite.ts";
import type { CampaignSettings } from "./settings.ts";

interface UpdateOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  clock: Clock;
  /** What the calling key may send. */
  within: SendRestrictions | undefined;
}

interface CampaignTarget {
  accountId: string;
  campaignId: string;
}

const changed = parameters({
  id: "uuid",
  accountId: "uuid",
  version: "int",
  now: "timestamptz",
  text: "text",
  encoding: "text",
  name: "text",
  scheduledAt: "timestamptz",
  timeZone: "text",
  windowStart: "smallint",
  windowEnd: "smallint",
  windowDays: "smallint",
  observeHolidays: "boolean",
  endsAt: "timestamptz",
  messagesPerSecond: "float8",
  priority: "message_priority",
});

const { sql } = changed;

/** What the audit log records of a campaign, as SQL. */
const shown = (alias: string): string => `json_build_object(
  'name', ${alias}.name, 'status', ${alias}.status, 'scheduledAt', ${alias}.scheduled_at, 'timeZone', ${alias}.time_zone,
  'windowStart', ${alias}.window_start, 'windowEnd', ${alias}.window_end, 'windowDays', ${alias}.window_days, 'observeHolidays', ${alias}.observe_holidays,
  'endsAt', ${alias}.ends_at, 'messagesPerSecond', ${alias}.messages_per_second, 'priority', ${alias}.priority)`;

// In a statement of its own, as the lock of a change of the status.
const lock: Statement = {
  name: "lock_campaign_to_update",
  text: "select 1 from campaigns where id = $1 and account_id = $2 for update",
};

// Recipients that are no messages yet are counted under the status that the first time gives them. Nothing may have been handed over. A campaign that is not paused is sent when its time has come.
const update: Statement = {
  name: "update_campaign",
  text: `
    with mine as (
      select id, ${shown("c")} as before from campaigns as c
      where id = ${sql.id} and account_id = ${sql.accountId} and version = ${sql.version} and imported_at is not null
        and status in ('SCHEDULED', 'PAUSED') and rewritten_to is null
        and not exists (select 1 from campaign_recipients where campaign_id = c.id)
        and coalesce((
          select sum(delta) from campaign_tallies
          where campaign_id = c.id and status not in ('SCHEDULED', 'QUEUED', 'CANCELLED')
        ), 0) = 0
    ), changed as (
      update campaigns as c
      set text = coalesce(${sql.text}, c.text), encoding = case when ${sql.text} is null then c.encoding else ${sql.encoding} end,
        rewritten_to = case when ${sql.text} is not null then '${minUuid}'::uuid end, name = ${sql.name}, scheduled_at = ${sql.scheduledAt}, time_zone = ${sql.timeZone}, window_start = ${sql.windowStart},
        window_end = ${sql.windowEnd}, window_days = ${sql.windowDays}, observe_holidays = ${sql.observeHolidays}, ends_at = ${sql.endsAt},
        messages_per_second = ${sql.messagesPerSecond}, priority = ${sql.priority}, version = version + 1,
        status = case when c.status = 'SCHEDULED' and ${sql.scheduledAt} is null then 'RUNNING' else c.status end,
        started_at = case when c.status = 'SCHEDULED' and ${sql.scheduledAt} is null then ${sql.now} else c.started_at end,
        updated_at = ${sql.now}
      from mine
      where c.id = mine.id
      returning c.id, mine.before, ${shown("c")} as after
    )
    select before, after, pg_notify('${campaignChannel}', id::text) from changed`,
};

const read: Statement = {
  name: "read_campaign_to_update",
  text: `
    select status, version, imported_at is not null as "isImported", rewritten_to is not null as "isRewritten"
    from campaigns where id = $1 and account_id = $2`,
};

/** A request waits so long for its messages to have the text. A job goes on. */
const patienceMs = 20_000;

/**
 * Changes a campaign of which nothing was submitted, if it still has the version that the caller saw. A new text is checked
 * for every recipient first. Once this returns, nothing is sent with the old one.
 * @throws NotFoundError, CampaignEndedError, VersionConflictError, SpendingCapError, RowsRefusedError, and what a text may be
 * refused for
 */
export async function updateCampaign(
  options: UpdateOptions,
  target: CampaignTarget,
  version: number,
  { text, ...settings }: CampaignSettings & { text?: NewText | undefined },
): Promise<void> {
  const { database, clock, spending } = options;
  const { accountId, campaignId } = target;
  if (text) await requireChangeable(database, target, version);
  const spends = text ? await planText(options, target, text) : [];
  const values = changed.values({
    ...settings,
    id: campaignId,
    accountId,
    version,
    now: clock.now(),
    text: text?.text ?? null,
    encoding: text?.encoding ?? null,
  });
  const isChanged = await spending.within([accountId], async (transaction, ledgers) => {
    for (const spend of spends) {
      const error = ledgers.get(accountId)?.take(spend);
      if (error) throw error;
    }
    await lockCampaignChange(transaction, campaignId);
    await transaction.query(lock, [campaignId, accountId]);
    const [versions] = await transaction.query<{ before: object; after: object }>(update, values);
    if (!versions) return { spends: [], result: false };
    await record(transaction, target, { ...versions, isNewText: text !== undefined });
    return { spends: spends.map((spend) => ({ ...spend, accountId })), result: true };
  });
  if (!isChanged) return refuse(database, target, version);
  if (text) await rewriteCampaign(options, campaignId, AbortSignal.timeout(patienceMs));
  await moveWaitingMessages(database, campaignId);
}

async function record(
  transaction: Queryable,
  { accountId, campaignId: id }: CampaignTarget,
  { before, after, isNewText }: { before: object; after: object; isNewText: boolean },
): Promise<void> {
  // The log outlives texts that are erased.
  const shownAfter = isNewText ? { ...after, hasNewText: true } : after;
  const target = { type: "Campaign", id } as const;
  await recordAudit(transaction, {
    accountId,
    action: "CAMPAIGN_UPDATED",
    target,
    before,
    after: shownAfter,
  });
  if (!isNewText) return;
  const job = {
    task: "rewrite-campaign",
    payload: { campaignId: id },
    key: `rewrite-campaign ${id}`,
  } as const;
  await addJobs(transaction, [job]);
}

interface Found {
  status: string;
  version: number;
  isImported: boolean;
  isRewritten: boolean;
}

async function find(
  database: Database,
  { accountId, campaignId }: CampaignTarget,
  version: number,
): Promise<Found> {
  const [row] = await database.query<Found>(read, [campaignId, accountId]);
  if (!row) throw new NotFoundError("Campaign", campaignId);
  if (row.version !== version) throw new VersionConflictError(version, row.version);
  return row;
}

/** Checking a text for every recipient is for nothing when it cannot be changed. The change itself checks again. */
async function requireChangeable(database: Database, target: CampaignTarget, version: number): Promise<void> {
  const { status } = await find(database, target, version);
  if (status !== "SCHEDULED" && status !== "PAUSED") await refuse(database, target, version);
}

async function refuse(database: Database, target: CampaignTarget, version: number): Promise<never> {
  const { status, isImported, isRewritten } = await find(database, target, version);
  const advice =
    "Only a campaign that is SCHEDULED, or PAUSED before its first message, can be changed, a moment after it was created.";
  if (isRewritten)
    throw new CampaignEndedError("being changed", "Its messages get a new text. Try again in a moment.");
  throw new CampaignEndedError(isImported ? status : "being imported", advice);
}
