import { advanceMessages } from "../messages/advance.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { attemptsSoFar, dispatchColumns, startAttempts, type DispatchMessage } from "../messages/attempts.ts";
import type { MessagePriority } from "../messages/draft.ts";
import type { StatusChange } from "../messages/status-change.ts";
import { applyChanges } from "../messages/transition.ts";
import type { Submission } from "../providers/provider.ts";
import { closuresOf, type Closures } from "./send-window.ts";

/** A campaign as the pump needs it. */
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
  /** Messages that are not handed over yet, those that are not made yet among them. */
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
    order by case priority when 'HIGH' then 0 when 'NORMAL' then 1 else 2 end, id`,
};

/** The campaigns that may have something to send, the most urgent first. */
export const readRunningCampaigns = (database: Queryable): Promise<RunningCampaign[]> =>
  database.query<RunningCampaign>(readRunning, []);

const read: Statement = { name: "read_campaign", text: `select ${columns} from campaigns where id = $1` };
const lock: Statement = { name: "lock_campaign", text: `${read.text} for no key update` };

const takeTokens: Statement = {
  name: "take_campaign_tokens",
  text: "update campaigns set tokens = $2, refilled_at = $3 where id = $1",
};

// The status is hidden from the planner, that would take it for rarer or more frequent than it is.
const select = (name: string, condition: string, order: string): Statement => ({
  name,
  text: `
    select ${dispatchColumns}
    from messages as m
    cross join lateral (${attemptsSoFar}) as a
    where campaign_id = $1 and ${condition}
      and case when country is null then not $3::boolean else country <> all ($4::text[]) end
      and provider_id <> all ($5::uuid[])
    order by ${order}
    limit $6
    for no key update of m skip locked`,
});

const selectPutBack = select(
  "select_put_back_of_campaign",
  "status = 'QUEUED' and retry_at <= $2",
  "retry_at",
);
const selectQueued = select(
  "select_queued_of_campaign",
  "listed_as = 'SUBMITTING' and case status when 'QUEUED' then true else false end and retry_at is null and $2::timestamptz is not null and m.id > $7",
  "id",
);
const selectDue = select(
  "select_due_of_campaign",
  "listed_as = 'SCHEDULED' and scheduled_at <= $2 and m.id > $7",
  "id",
);

export interface ClaimRequest {
  campaignId: string;
  /** Messages at most. */
  limit: number;
  /** Only messages behind this id: those before were claimed, and need not be passed over each time. */
  after: string | undefined;
  /** Providers that take nothing at present. */
  closed: readonly string[];
  /** Kind of a provider whose messages were admitted. */
  kindOf: (providerId: string) => string;
  /** Divides one provider's messages into requests, and names each (see `Attempt.claim`). */
  divide: (providerId: string, messages: DispatchMessage[]) => SubmitRequest[];
  /** Which of the messages may be submitted now. */
  admit: (transaction: Queryable, messages: DispatchMessage[]) => Promise<DispatchMessage[]>;
}

/** Messages that are handed over together. */
export interface SubmitRequest {
  /** `<worker>/<number>` */
  name: string;
  providerId: string;
  messages: DispatchMessage[];
  /** What the provider gets, in the same order. */
  submissions: Submission[];
}

export interface Claim {
  requests: SubmitRequest[];
  /** Where the next claim goes on. */
  last: string | undefined;
  /** There is nothing to claim from providers that are not closed. */
  isEmpty: boolean;
  /** When its own rate allows more, in milliseconds. */
  restMs: number;
}

const nothing = { requests: [], isEmpty: true, last: undefined, restMs: 0 };
const firstId = "00000000-0000-0000-0000-000000000000";

const nothingClosed: Closures = { countries: [], stateless: false };

/**
 * Takes the next messages of a campaign for submission: they are SUBMITTING, each with an attempt, when the
 * transaction commits. Several workers may claim from one campaign at a time.
 */
export async function claimMessages(
  transaction: Queryable,
  request: ClaimRequest,
  now: Date,
): Promise<Claim> {
  const campaign = await readForClaim(transaction, request.campaignId);
  if (campaign?.status !== "RUNNING" || campaign.waiting === 0) return nothing;
  const tokens = tokensOf(campaign, now);
  const limit = Math.min(request.limit, Math.floor(tokens));
  let { after } = request;
  if (limit < 1) return { ...nothing, isEmpty: false, last: after, restMs: refillMs(campaign, tokens) };
  const find = viewOf(transaction, campaign, request.closed, now);
  const putBack = await find(selectPutBack, limit);
  let fresh = await findFresh(find, limit - putBack.length, after);
  if (putBack.length + fresh.length === 0 && after !== undefined) {
    // At the end it begins anew: what somebody else had locked was passed over.
    after = undefined;
    fresh = await findFresh(find, limit, after);
  }
  const found = [...putBack, ...fresh];
  if (found.length === 0) return nothing;
  const admitted = await request.admit(transaction, found);
  const requests = await startSubmitting(transaction, admitted, request, now);
  const taken = new Set(requests.flatMap(({ messages }) => messages.map(({ id }) => id)));
  const left = tokens - taken.size;
  if (campaign.messagesPerSecond !== null) await transaction.query(takeTokens, [campaign.id, left, now]);
  const last = lastBefore(fresh, taken) ?? after;
  return { requests, last, isEmpty: false, restMs: left >= 1 ? 0 : refillMs(campaign, left) };
}

/** Reads messages that may be sent to open providers now. */
type Find = (statement: Statement, limit: number, after?: string) => Promise<DispatchMessage[]>;

function viewOf(
  transaction: Queryable,
  campaign: RunningCampaign,
  closed: readonly string[],
  now: Date,
): Find {
  const { countries, stateless } = closedFor(campaign, now);
  const values = [campaign.id, now, stateless, countries, closed];
  return (statement, limit, ...after) =>
    limit === 0 ? Promise.resolve([]) : transaction.query(statement, [...values, limit, ...after]);
}

async function findFresh(find: Find, limit: number, after = firstId): Promise<DispatchMessage[]> {
  const queued = await find(selectQueued, limit, after);
  return [...queued, ...(await find(selectDue, limit - queued.length, after))];
}

/** The id before the first message that was not taken. */
function lastBefore(found: readonly DispatchMessage[], taken: ReadonlySet<string>): string | undefined {
  const ids = found.map(({ id }) => id).toSorted();
  const first = ids.findIndex((id) => !taken.has(id));
  return first < 0 ? ids.at(-1) : ids[first - 1];
}

/** Only a campaign with a rate of its own is locked: its tokens are shared by all workers. */
async function readForClaim(transaction: Queryable, id: string): Promise<RunningCampaign | undefined> {
  const [campaign] = await transaction.query<RunningCampaign>(read, [id]);
  if (campaign?.messagesPerSecond == null) return campaign;
  return (await transaction.query<RunningCampaign>(lock, [id]))[0];
}

/** A bucket of a tenth of a second's worth, and never less than one message: no burst after a pause. */
function tokensOf({ messagesPerSecond, tokens, refilledAt }: RunningCampaign, now: Date): number {
  if (messagesPerSecond === null) return Infinity;
  const seconds = Math.max(0, (now.getTime() - refilledAt.getTime()) / 1000);
  return Math.min(Math.max(1, messagesPerSecond / 10), tokens + seconds * messagesPerSecond);
}

/** Until half the bucket is full, and so the next claim worth its transaction. */
function refillMs({ messagesPerSecond }: RunningCampaign, tokens: number): number {
  if (messagesPerSecond === null) return 0;
  const wanted = Math.max(1, messagesPerSecond / 20);
  return Math.max(5, ((wanted - tokens) / messagesPerSecond) * 1000);
}

function closedFor({ windowStart, windowEnd, timeZone }: RunningCampaign, now: Date): Closures {
  if (windowStart === null || windowEnd === null) return nothingClosed;
  return closuresOf({ start: windowStart, end: windowEnd }, timeZone ?? "UTC", now);
}

async function startSubmitting(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  { divide, kindOf }: ClaimRequest,
  now: Date,
): Promise<SubmitRequest[]> {
  const { QUEUED: queued = [], SCHEDULED: due = [] } = Object.groupBy(messages, ({ status }) => status);
  const taken = await startDue(transaction, due, now);
  for (const [providerId, group] of Map.groupBy(queued, (message) => message.providerId)) {
    const step = { to: "SUBMITTING", providerId, kind: kindOf(providerId), receivedAt: now } as const;
    for (const id of await advanceMessages(transaction, { ...step, messages: group })) taken.add(id);
  }
  const claimed = messages.filter(({ id }) => taken.has(id));
  const groups = Map.groupBy(claimed, ({ providerId }) => providerId);
  const requests = [...groups].flatMap(([providerId, group]) => divide(providerId, group));
  const names = requests.flatMap(({ name, messages: own }) => own.map(({ id }) => [id, name] as const));
  await startAttempts(transaction, claimed, now, new Map(names));
  return requests;
}

/** Those whose time has come take two steps at once. */
async function startDue(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  receivedAt: Date,
): Promise<Set<string>> {
  const changes = messages.flatMap(({ id: messageId, providerId }): StatusChange[] => {
    const base = { messageId, providerId, source: "DISPATCH", receivedAt } as const;
    return [
      { ...base, status: "QUEUED", onlyFrom: ["SCHEDULED"] },
      { ...base, status: "SUBMITTING", onlyFrom: ["QUEUED"] },
    ];
  });
  const transitions = changes.length === 0 ? [] : await applyChanges(transaction, changes);
  return new Set(
    transitions.flatMap((one) => (one?.change.status === "SUBMITTING" ? [one.change.messageId] : [])),
  );
}
