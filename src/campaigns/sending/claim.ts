import { beginAttempts } from "../../messages/changes/bulk-transition.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import type { Flag } from "../../database/raw-row.ts";
import {
  attemptsSoFar,
  dispatchColumns,
  toDispatchMessage,
  type DispatchMessage,
  type DispatchRow,
} from "../../messages/dispatch/dispatch-message.ts";
import { hasToBeAsked } from "../../lanes/lane.ts";
import { capacityOf, tokensAt } from "../../lanes/token-bucket.ts";
import { maxUuid, minUuid } from "../../lib/uuid.ts";
import { inFlight } from "../../messages/model/status.ts";
import { priorityNumber } from "../../queue/contract.ts";
import { applyChanges } from "../../messages/changes/transition.ts";
import type { Submission } from "../../providers/provider.ts";
import { closuresOf, type Closures } from "../../sms/send-window.ts";
import { areaLengths } from "../../sms/time-zones.ts";
import type { MessagePriority } from "../../messages/model/priority.ts";

/** The fields of a campaign that the pump needs. */
export interface RunningCampaign {
  id: string;
  priority: MessagePriority;
  status: string;
  timeZone: string | null;
  windowStart: number | null;
  windowEnd: number | null;
  messagesPerSecond: number | null;
  tokens: number;
  refilledAt: Date;
  /** Messages not handed over yet, including recipients that are not messages yet. */
  waiting: number;
}

const columns = `
  id, priority, status, time_zone as "timeZone", window_start as "windowStart", window_end as "windowEnd",
  messages_per_second as "messagesPerSecond", tokens, refilled_at as "refilledAt", (
    select coalesce(sum(delta), 0)::int from campaign_tallies
    where campaign_id = campaigns.id and status in ('QUEUED', 'SCHEDULED')
  ) as waiting`;

const readRunning: Statement = {
  name: "read_running_campaigns",
  text: `
    select ${columns}
    from campaigns
    where status = 'RUNNING' and imported_at is not null
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

/**
 * SQL: the prefixes of a recipient's number that may be an area code. Looked up in a JSON object, since
 * finding a key in it is fast.
 */
const areas = `array[${areaLengths.map((length) => `left(recipient, ${length})`).join(", ")}]`;

/**
 * SQL: messages of the campaign that may go to an open provider now. Checks again that the campaign is still
 * running.
 */
const mayGo = `
  campaign_id = $1 and (select status = 'RUNNING' from campaigns where id = $1)
  and case when country is null then not $3::boolean else country <> all ($4::text[]) or $8::jsonb ?| ${areas} end
  and provider_id <> all ($5::uuid[])`;

/**
 * SQL: messages of one `listed_as` value after the last claimed id. Written so that only the index for this
 * list fits.
 */
const isBehind = (list: string): string =>
  `(listed_as, id) > ('${list}', $7::uuid) and (listed_as, id) < ('${list}', '${maxUuid}'::uuid)`;

// `case status ...` hides the status from the planner, which misjudges how many rows have it. The limits of
// the later lists depend on the earlier ones, so what is not needed is not read.
const selectNext: Statement = {
  name: "select_next_of_campaign",
  raw: true,
  text: `
    with put_back as (
      select * from messages
      where ${mayGo} and status = 'QUEUED' and retry_at <= $2
      order by retry_at
      limit $6
      for no key update skip locked
    ), queued as (
      select * from messages
      where ${mayGo} and ${isBehind(inFlight)} and case status when 'QUEUED' then true else false end
        and retry_at is null
      order by listed_as, id
      limit $6 - (select count(*) from put_back)
      for no key update skip locked
    ), due as (
      select * from messages
      where ${mayGo} and ${isBehind("SCHEDULED")} and scheduled_at <= $2
      order by listed_as, id
      limit $6 - (select count(*) from put_back) - (select count(*) from queued)
      for no key update skip locked
    )
    select ${dispatchColumns}, m.is_put_back, m.provider_id = any (array(
      select p.id from providers as p join lanes as l on l.provider_id = p.id where ${hasToBeAsked("$2")}
    ))
    from (
      select true as is_put_back, * from put_back
      union all
      select false, * from queued
      union all
      select false, * from due
    ) as m
    cross join lateral (${attemptsSoFar}) as a`,
};

interface ClaimRequest {
  /** As just read. */
  campaign: RunningCampaign;
  /** Maximum number of messages. */
  limit: number;
  /**
   * Only messages after this id. The ones before have been claimed, and skipping them each time would be
   * slow.
   */
  after: string | undefined;
  /** Providers that take nothing at present. */
  closed: readonly string[];
  /**
   * Decides which of the messages are submitted now. `toAsk`: providers whose lanes must be checked first.
   */
  admit: (
    transaction: Queryable,
    messages: readonly DispatchMessage[],
    toAsk: ReadonlySet<string>,
  ) => Promise<Admission>;
}

/** Which messages are submitted now, and why the others are not. */
export interface Admission {
  requests: SubmitRequest[];
  /** Messages of a failing, missing or disabled provider: another provider should take them. */
  stuck: readonly DispatchMessage[];
  /** Providers whose connection this process has not read yet. */
  unread: ReadonlySet<string>;
  /** Providers that did not take all they were offered. */
  refusing: ReadonlySet<string>;
}

/** Messages that are submitted in one request. */
export interface SubmitRequest {
  /** The claim: `<worker>/<number>`. */
  name: string;
  providerId: string;
  /** The provider's kind. */
  kind: string;
  messages: DispatchMessage[];
  /** What the provider gets, in the order of `messages`. */
  submissions: Submission[];
}

export interface Claim extends Admission {
  /** The id after which the next claim continues. */
  last: string | undefined;
  /** True when the open providers have nothing to claim. */
  isEmpty: boolean;
  /** Milliseconds until the campaign's own rate allows more. */
  restMs: number;
}

const nothing: Claim = {
  requests: [],
  stuck: [],
  unread: new Set(),
  refusing: new Set(),
  isEmpty: true,
  last: undefined,
  restMs: 0,
};

const nothingClosed: Closures = { countries: [], openAreas: [], stateless: false };

/**
 * Claims the next messages of a campaign. When the transaction commits they are SUBMITTING, each with an
 * attempt. Several workers may claim from one campaign at the same time.
 */
export async function claimMessages(
  transaction: Queryable,
  request: ClaimRequest,
  now: Date,
): Promise<Claim> {
  const campaign = await lockForClaim(transaction, request.campaign);
  if (campaign?.status !== "RUNNING" || campaign.waiting === 0) return nothing;
  const tokens = tokensOf(campaign, now);
  const limit = Math.min(request.limit, Math.floor(tokens));
  let { after } = request;
  if (limit < 1) return { ...nothing, isEmpty: false, last: after, restMs: refillMs(campaign, tokens) };
  const find = (start = minUuid) => findNext(transaction, campaign, { ...request, limit }, start, now);
  let found = await find(after);
  if (found.length === 0 && after !== undefined) {
    // Start again from the beginning: messages that were locked by another worker have been skipped.
    after = undefined;
    found = await find();
  }
  if (found.length === 0) return nothing;
  const messages = found.map(({ message }) => message);
  const toAsk = new Set(found.flatMap(({ message, isToAsk }) => (isToAsk ? message.providerId : [])));
  const admission = await request.admit(transaction, messages, toAsk);
  await startSubmitting(transaction, admission.requests, now);
  const taken = new Set(admission.requests.flatMap((one) => one.messages.map(({ id }) => id)));
  const left = tokens - taken.size;
  if (campaign.messagesPerSecond !== null) await transaction.query(takeTokens, [campaign.id, left, now]);
  const passed = found.flatMap(({ message, isPutBack }) => (isPutBack ? [] : message.id));
  const last = lastBefore(passed, taken) ?? after;
  return { ...admission, last, isEmpty: false, restMs: left >= 1 ? 0 : refillMs(campaign, left) };
}

/** A candidate message. Those put back for a retry are found regardless of the `after` id. */
interface Candidate {
  message: DispatchMessage;
  isPutBack: boolean;
  /** Whether the provider's lane must be checked before submitting. */
  isToAsk: boolean;
}

async function findNext(
  transaction: Queryable,
  campaign: RunningCampaign,
  { limit, closed }: Pick<ClaimRequest, "limit" | "closed">,
  after: string,
  now: Date,
): Promise<Candidate[]> {
  const { countries, openAreas, stateless } = closedFor(campaign, now);
  const open = Object.fromEntries(openAreas.map((area) => [area, true]));
  const values = [campaign.id, now, stateless, countries, closed, limit, after, open];
  const rows = await transaction.query<[...DispatchRow, isPutBack: Flag, isToAsk: Flag]>(selectNext, values);
  return rows.map((row) => ({
    message: toDispatchMessage(row),
    isPutBack: row[24] === "t",
    isToAsk: row[25] === "t",
  }));
}

/** The id before the first message that was not taken. */
function lastBefore(found: readonly string[], taken: ReadonlySet<string>): string | undefined {
  const ids = found.toSorted();
  const first = ids.findIndex((id) => !taken.has(id));
  return first < 0 ? ids.at(-1) : ids[first - 1];
}

/** Locks only a campaign with its own rate, whose tokens all workers share. */
async function lockForClaim(
  transaction: Queryable,
  campaign: RunningCampaign,
): Promise<RunningCampaign | undefined> {
  if (campaign.messagesPerSecond === null) return campaign;
  return (await transaction.query<RunningCampaign>(lock, [campaign.id]))[0];
}

const tokensOf = (campaign: RunningCampaign, now: Date): number =>
  campaign.messagesPerSecond === null ? Infinity : tokensAt(campaign, campaign.messagesPerSecond, now);

/** Time until the bucket is half full: a claim of less is not worth its transaction. */
function refillMs({ messagesPerSecond }: RunningCampaign, tokens: number): number {
  if (messagesPerSecond === null) return 0;
  const wanted = Math.max(1, capacityOf(messagesPerSecond) / 2);
  return Math.max(5, ((wanted - tokens) / messagesPerSecond) * 1000);
}

function closedFor({ windowStart, windowEnd, timeZone }: RunningCampaign, now: Date): Closures {
  if (windowStart === null || windowEnd === null) return nothingClosed;
  return closuresOf({ start: windowStart, end: windowEnd }, timeZone ?? "UTC", now);
}

async function startSubmitting(
  transaction: Queryable,
  requests: readonly SubmitRequest[],
  now: Date,
): Promise<void> {
  const together = requests.flatMap(({ messages }) => messages);
  await queueDue(transaction, together, now);
  for (const [providerId, ofProvider] of Map.groupBy(requests, (request) => request.providerId)) {
    const attempts = ofProvider.flatMap(({ name: claim, messages }) =>
      messages.map(({ id, attempts: made }) => ({ id, number: made + 1, claim })),
    );
    await beginAttempts(transaction, { providerId, kind: ofProvider[0]?.kind ?? "", at: now, attempts });
  }
}

/** Scheduled messages whose time has come become QUEUED before they are submitted. */
async function queueDue(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  receivedAt: Date,
): Promise<void> {
  const due = messages.filter(({ status }) => status === "SCHEDULED");
  if (due.length === 0) return;
  const change = { status: "QUEUED", source: "DISPATCH", receivedAt } as const;
  await applyChanges(
    transaction,
    due.map(({ id: messageId, providerId }) => ({ ...change, messageId, providerId })),
  );
}
