import type { Clock } from "../clock.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { addJobs, type NewJob } from "./jobs.ts";
import type { MessageStatus } from "./status.ts";
import { applyChanges } from "./transition.ts";

const minute = 60;
const hour = 60 * minute;

/**
 * When we ask a provider about a message that should have been reported on, in seconds after the last news and
 * then after each question. The last entry is not a question: then we stop waiting and say UNKNOWN.
 */
const overdueSeconds = [1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 24 * hour, 41 * hour];

/** The same for a submission whose outcome is unknown; the last entry ends its quarantine. */
const uncertainSeconds = [5, 15, 1 * minute, 5 * minute, 15 * minute, 1 * hour, 6 * hour, 17 * hour];

const jitter = 0.1;

/** When to ask first about a message that has just come into `status`; spread, so that a campaign does not ask at once. */
export function firstCheckAt(status: MessageStatus, now: Date, random: () => number): Date {
  const [first = minute] = status === "OUTCOME_UNKNOWN" ? uncertainSeconds : overdueSeconds;
  return new Date(now.getTime() + first * (1 + jitter * random()) * 1000);
}

interface DueMessage {
  id: string;
  providerId: string;
  status: MessageStatus;
  /** Questions asked, this one included. */
  checks: number;
}

const claimDue: Statement = {
  name: "claim_due_checks",
  text: `
    update messages as m
    set checks = m.checks + 1, next_check_at = $1 + interval '1 second' * (1 + ${jitter} * random())
      * (case m.status when 'OUTCOME_UNKNOWN' then $2 else $3 end::float8[])[m.checks + 2]
    from (
      select id from messages
      where next_check_at <= $1
      order by next_check_at
      limit $4
      for no key update skip locked
    ) as due
    where m.id = due.id
    returning m.id, m.provider_id as "providerId", m.status, m.checks`,
};

const largestClaim = 500;
const largestLookUp = 50;

/**
 * Queues the questions that are due, in the transaction that plans the next ones. Several workers may sweep at
 * once. Returns how many messages were due.
 */
export async function queueDueChecks(database: Database, clock: Clock): Promise<number> {
  const now = clock.now();
  return database.transaction(async (transaction) => {
    const values = [now, uncertainSeconds, overdueSeconds, largestClaim];
    const due = await transaction.query<DueMessage>(claimDue, values);
    const [given, asked] = [due.filter(isOver), due.filter((message) => !isOver(message))];
    if (given.length > 0) await giveUp(transaction, given, now);
    await addJobs(transaction, questions(asked));
    return due.length;
  });
}

const isOver = ({ status, checks }: DueMessage): boolean =>
  checks >= (status === "OUTCOME_UNKNOWN" ? uncertainSeconds : overdueSeconds).length;

/** One found SUBMITTING after so long lost its worker and its job: whoever runs the job anew says so. */
function questions(due: readonly DueMessage[]): NewJob[] {
  const { OUTCOME_UNKNOWN: uncertain = [], SUBMITTING: abandoned = [] } = Object.groupBy(
    due,
    ({ status }) => status,
  );
  const overdue = Map.groupBy(
    due.filter(({ status }) => status !== "OUTCOME_UNKNOWN" && status !== "SUBMITTING"),
    ({ providerId }) => providerId,
  );
  const lookUps = [...overdue].flatMap(([providerId, messages]) => lookUpJobs(providerId, messages));
  return [
    ...uncertain.map(({ id }) => ({ task: "reconcile", payload: { messageId: id } }) as const),
    ...abandoned.map(({ id }) => ({ task: "dispatch", payload: { messageId: id } }) as const),
    ...lookUps,
  ];
}

function lookUpJobs(providerId: string, messages: readonly DueMessage[]): NewJob[] {
  const jobs: NewJob[] = [];
  for (let start = 0; start < messages.length; start += largestLookUp) {
    const messageIds = messages.slice(start, start + largestLookUp).map(({ id }) => id);
    jobs.push({ task: "look-up", payload: { providerId, messageIds }, priority: "LOW" });
  }
  return jobs;
}

/** The provider could not tell in all that time. A later receipt is still believed. */
async function giveUp(
  transaction: Queryable,
  messages: readonly DueMessage[],
  receivedAt: Date,
): Promise<void> {
  const changes = messages.map(({ id, status }) => ({
    messageId: id,
    status: "UNKNOWN" as const,
    source: status === "OUTCOME_UNKNOWN" ? ("RECONCILE" as const) : ("POLL" as const),
    receivedAt,
    nextCheckAt: null,
    detail: "No final receipt came, and the provider could not tell when asked. We have stopped asking.",
  }));
  await applyChanges(transaction, changes);
}
