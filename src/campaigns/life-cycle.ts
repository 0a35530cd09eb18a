import type { AuditAction } from "../audit/actions.ts";
import { recordAudit } from "../audit/record.ts";
import type { Clock } from "../lib/clock.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { CampaignEndedError, NotFoundError } from "../lib/errors.ts";
import { addJobs } from "../queue/jobs.ts";
import { listMessages } from "../messages/log/message-lists.ts";
import { cancellable, type MessageStatus } from "../messages/model/status.ts";
import { campaignChannel } from "../messages/changes/tallies.ts";
import { applyChanges } from "../messages/changes/transition.ts";
import { expandCampaign } from "./sending/expand.ts";

type CampaignStatus = "SCHEDULED" | "RUNNING" | "PAUSED" | "COMPLETED" | "CANCELLED";

export interface CampaignTarget {
  accountId: string;
  campaignId: string;
}

interface LifeCycleOptions {
  database: Database;
  clock: Clock;
}

/** A change of the status, as the audit log names it. */
interface StatusChange {
  action: AuditAction;
  statement: Statement;
  /** Statuses from which it is made. */
  from: readonly CampaignStatus[];
  /** Statuses in which there is nothing to do. */
  already: readonly CampaignStatus[];
}

// In a statement of its own. One that locked the row and changed it could wait for another that waits for it: PostgreSQL
// would change the version that was there when the statement began, for which others queue.
const lock: Statement = {
  name: "lock_campaign_to_change_status",
  text: `
    select name, status, imported_at is not null as "isImported"
    from campaigns where id = $1 and account_id = $2
    for no key update`,
};

const changing = (name: string, assignments: string): Statement => ({
  name,
  text: `
    with changed as (
      update campaigns set ${assignments}, updated_at = $2 where id = $1 returning id, status
    )
    select status, pg_notify('${campaignChannel}', id::text) from changed`,
});

const pause: StatusChange = {
  action: "CAMPAIGN_PAUSED",
  statement: changing("pause_campaign", "status = 'PAUSED', rate = 0"),
  from: ["SCHEDULED", "RUNNING"],
  already: ["PAUSED"],
};

const resume: StatusChange = {
  action: "CAMPAIGN_RESUMED",
  statement: changing(
    "resume_campaign",
    `status = case when scheduled_at > $2 then 'SCHEDULED' else 'RUNNING' end::campaign_status,
      started_at = case when scheduled_at > $2 then null else coalesce(started_at, $2) end,
      sampled_at = null`,
  ),
  from: ["PAUSED"],
  already: ["SCHEDULED", "RUNNING"],
};

const cancel: StatusChange = {
  action: "CAMPAIGN_CANCELLED",
  statement: changing("cancel_campaign", "status = 'CANCELLED', completed_at = $2, rate = 0"),
  from: ["SCHEDULED", "RUNNING", "PAUSED"],
  already: ["CANCELLED"],
};

/**
 * Stops new submissions; those in progress are completed. Pausing a paused campaign does nothing.
 * @throws NotFoundError, CampaignEndedError
 */
export function pauseCampaign({ database, clock }: LifeCycleOptions, target: CampaignTarget): Promise<void> {
  return database.transaction((transaction) => applyTo(transaction, pause, target, clock.now()));
}

/**
 * Continues a paused campaign. Resuming a running one does nothing.
 * @throws NotFoundError, CampaignEndedError
 */
export function resumeCampaign({ database, clock }: LifeCycleOptions, target: CampaignTarget): Promise<void> {
  return database.transaction((transaction) => applyTo(transaction, resume, target, clock.now()));
}

/**
 * Stops a campaign for good: a job cancels all messages that are not submitted. Cancelling twice does nothing
 * more.
 * @throws NotFoundError, CampaignEndedError
 */
export async function cancelCampaign(
  { database, clock }: LifeCycleOptions,
  target: CampaignTarget,
): Promise<void> {
  const { campaignId } = target;
  await database.transaction(async (transaction) => {
    await applyTo(transaction, cancel, target, clock.now());
    await addJobs(transaction, [{ task: "cancel-campaign", payload: { campaignId } }]);
  });
}

interface Locked {
  name: string;
  status: CampaignStatus;
  isImported: boolean;
}

async function applyTo(
  transaction: Queryable,
  { action, statement, from, already }: StatusChange,
  { accountId, campaignId }: CampaignTarget,
  now: Date,
): Promise<void> {
  const [campaign] = await transaction.query<Locked>(lock, [campaignId, accountId]);
  if (!campaign) throw new NotFoundError("Campaign", campaignId);
  const { name, status: before, isImported } = campaign;
  if (!isImported)
    throw new CampaignEndedError("being imported", "Try again when its recipients are stored.");
  if (already.includes(before)) return;
  if (!from.includes(before))
    throw new CampaignEndedError(before, "Create a new one for the recipients it did not reach.");
  const [changed] = await transaction.query<{ status: CampaignStatus }>(statement, [campaignId, now]);
  await recordAudit(transaction, {
    accountId,
    action,
    target: { type: "Campaign", id: campaignId },
    before: { status: before },
    after: { name, status: changed?.status },
  });
}

const findAccount: Statement = {
  name: "find_account_of_campaign",
  text: `select account_id as "accountId" from campaigns where id = $1`,
};

/** Whose campaign it is; undefined when there is none. */
export async function accountOf(database: Database, campaignId: string): Promise<string | undefined> {
  const [campaign] = await database.query<{ accountId: string }>(findAccount, [campaignId]);
  return campaign?.accountId;
}

const cancelChunk = 1_000;

/**
 * Cancels all messages of a cancelled campaign that are not submitted. Runs as a job; a repeated run
 * continues where the last one stopped.
 */
export async function cancelMessagesOf(options: LifeCycleOptions, campaignId: string): Promise<void> {
  // This also waits for recipients that another worker is turning into messages.
  await expandCampaign(options, campaignId);
  while ((await cancelOnce(options, campaignId)) > 0);
}

/**
 * One pass over the messages; returns how many it found. Failed attempts may put some back during the pass.
 */
async function cancelOnce({ database, clock }: LifeCycleOptions, campaignId: string): Promise<number> {
  const owner = { kind: "campaign", id: campaignId } as const;
  let found = 0;
  let above: string | undefined;
  for (;;) {
    const range = { statuses: cancellable, above, limit: cancelChunk, ascending: true };
    const ids = await listMessages(database, owner, range);
    if (ids.length === 0) return found;
    await cancelAll(database, ids, clock.now());
    found += ids.length;
    above = ids.at(-1);
  }
}

function cancelAll(database: Database, ids: readonly string[], receivedAt: Date): Promise<unknown> {
  const change = {
    status: "CANCELLED" as MessageStatus,
    source: "API",
    receivedAt,
    onlyFrom: cancellable,
  } as const;
  return database.transaction((transaction) =>
    applyChanges(
      transaction,
      ids.map((messageId) => ({ ...change, messageId })),
    ),
  );
}
