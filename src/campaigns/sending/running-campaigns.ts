import type { Queryable, Statement } from "../../database/database.ts";
import type { SendWindow } from "../../sms/send-window.ts";
import { capacityOf, tokensAt } from "../../lanes/token-bucket.ts";
import type { MessagePriority } from "../../messages/model/priority.ts";
import { priorityNumber } from "../../queue/contract.ts";

/** The fields of a campaign that the pump needs. */
export interface RunningCampaign {
  id: string;
  accountId: string;
  priority: MessagePriority;
  status: string;
  timeZone: string | null;
  windowStart: number | null;
  windowEnd: number | null;
  windowDays: number | null;
  observesHolidays: boolean;
  messagesPerSecond: number | null;
  tokens: number;
  refilledAt: Date;
  /** Messages not handed over yet, including recipients that are not messages yet. */
  waiting: number;
}

/** When it sends; undefined for at any time. */
export function windowOf({
  windowStart,
  windowEnd,
  windowDays,
  observesHolidays,
}: RunningCampaign): SendWindow | undefined {
  if (windowStart === null || windowEnd === null) return undefined;
  return { start: windowStart, end: windowEnd, days: windowDays, observesHolidays };
}

const columns = `
  id, account_id as "accountId", priority, status, time_zone as "timeZone", window_start as "windowStart", window_end as "windowEnd", window_days as "windowDays",
  observe_holidays as "observesHolidays",
  messages_per_second as "messagesPerSecond", tokens, refilled_at as "refilledAt", (
    select coalesce(sum(delta), 0)::int from campaign_tallies
    where campaign_id = campaigns.id and status in ('QUEUED', 'SCHEDULED')
  ) as waiting`;

const readRunning: Statement = {
  name: "read_running_campaigns",
  text: `
    select ${columns}
    from campaigns
    where status = 'RUNNING' and imported_at is not null and rewritten_to is null
    order by ${priorityNumber("priority")}, id`,
};

/** The campaigns that may have something to send, the most urgent first. */
export const readRunningCampaigns = (database: Queryable): Promise<RunningCampaign[]> =>
  database.query<RunningCampaign>(readRunning, []);

const lock: Statement = {
  name: "lock_campaign",
  text: `select ${columns} from campaigns where id = $1 for no key update`,
};

const takeTokens: Statement = {
  name: "take_campaign_tokens",
  text: "update campaigns set tokens = $2, refilled_at = $3 where id = $1",
};

/** Locks only a campaign with its own rate, whose tokens all workers share. */
export async function lockForClaim(
  transaction: Queryable,
  campaign: RunningCampaign,
): Promise<RunningCampaign | undefined> {
  if (campaign.messagesPerSecond === null) return campaign;
  return (await transaction.query<RunningCampaign>(lock, [campaign.id]))[0];
}

export const tokensOf = (campaign: RunningCampaign, now: Date): number =>
  campaign.messagesPerSecond === null ? Infinity : tokensAt(campaign, campaign.messagesPerSecond, now);

/** Time until the bucket is half full: a claim of less is not worth its transaction. */
export function refillMs({ messagesPerSecond }: RunningCampaign, tokens: number): number {
  if (messagesPerSecond === null) return 0;
  const wanted = Math.max(1, capacityOf(messagesPerSecond) / 2);
  return Math.max(5, ((wanted - tokens) / messagesPerSecond) * 1000);
}

/** Stores the tokens that a campaign with its own rate has left. */
export async function saveTokens(
  transaction: Queryable,
  { id, messagesPerSecond }: RunningCampaign,
  left: number,
  now: Date,
): Promise<void> {
  if (messagesPerSecond !== null) await transaction.query(takeTokens, [id, left, now]);
}
