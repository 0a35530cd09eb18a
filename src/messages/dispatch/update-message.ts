import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable } from "../../database/database.ts";
import {
  InvalidInputError,
  InvalidScheduleError,
  NotCancellableError,
  NotFoundError,
  VersionConflictError,
} from "../../lib/errors.ts";
import { compare, subtract } from "../../lib/money.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import { restrict } from "../../pricing/routing/restrict.ts";
import type { Spend } from "../../pricing/spending/ledger.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import { addJobs } from "../../queue/jobs.ts";
import { checkSchedule, endOfValidity, planMessage, type MessagePlan } from "../accept/draft.ts";
import type { SendInput } from "../accept/send-input.ts";
import { lockMessage, rewriteMessage, type WaitingMessage } from "../changes/rewrite.ts";
import { applyChanges } from "../changes/transition.ts";
import { cancellable } from "../model/status.ts";
import type { StoredRoute } from "../model/stored-route.ts";
import { dispatchJob } from "./after-attempt.ts";

interface UpdateOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  clock: Clock;
  /** What the key that changes it may send. */
  within: SendRestrictions | undefined;
}

/** What is to change; what is absent stays. */
export interface MessageChange extends Pick<SendInput, "encoding"> {
  text?: string | undefined;
  /** Null: at once. */
  scheduledAt?: Date | null | undefined;
  /** Null: none. */
  validityMinutes?: number | null | undefined;
  priority?: SendInput["priority"];
}

/**
 * Changes a message that was not submitted, if it still has the version that the caller saw. It is checked, routed and priced as
 * if it were sent now.
 * @throws NotFoundError, NotCancellableError, VersionConflictError, and what a first sending may be refused for
 */
export async function updateMessage(
  { routingTables, spending, clock, within }: UpdateOptions,
  { accountId, messageId }: { accountId: string; messageId: string },
  version: number,
  change: MessageChange,
): Promise<void> {
  const table = restrict(await routingTables.of(accountId, 0), within);
  const now = clock.now();
  await spending.within([accountId], async (transaction, ledgers) => {
    const message = await lockMessage(transaction, accountId, messageId);
    if (!message) throw new NotFoundError("Message", messageId);
    requireChangeable(message, version);
    const times = timesAfter(message, change, now);
    const plan = replan(table, message, change, times.validityMinutes);
    const spend = moreSpent(message, plan);
    const error = spend && ledgers.get(accountId)?.take(spend);
    if (error) throw error;
    await write(transaction, message, { ...times, priority: change.priority ?? message.priority, plan, now });
    return { spends: spend ? [{ ...spend, accountId }] : [], result: undefined };
  });
}

function requireChangeable({ campaignId, status, version: stored }: WaitingMessage, version: number): void {
  if (stored !== version) throw new VersionConflictError(version, stored);
  if (!cancellable.includes(status)) throw new NotCancellableError(status, "changed");
  if (campaignId !== null)
    throw new InvalidInputError(
      "id",
      "The message belongs to a campaign. Change that, with `updateCampaign`.",
    );
}

interface Times {
  scheduledAt: Date | null;
  validUntil: Date | null;
  validityMinutes: number | null;
}

/** A period of validity keeps its length when the time of sending moves. */
function timesAfter(
  { status, scheduledAt: old, validUntil, createdAt }: WaitingMessage,
  change: MessageChange,
  now: Date,
): Times {
  if (change.scheduledAt != null && status !== "SCHEDULED")
    throw new InvalidScheduleError(
      `The message is ${status}: it is due already, and has no other time. Cancel it, and send another.`,
      change.scheduledAt,
    );
  const scheduledAt = change.scheduledAt === undefined ? old : checkSchedule(change.scheduledAt, now);
  const length = validUntil && (validUntil.getTime() - (old ?? createdAt).getTime()) / 60_000;
  const validityMinutes = change.validityMinutes === undefined ? length : change.validityMinutes;
  const isKept = change.validityMinutes === undefined && change.scheduledAt === undefined;
  return {
    scheduledAt,
    validUntil: isKept ? validUntil : endOfValidity(validityMinutes, scheduledAt ?? now),
    validityMinutes,
  };
}

function replan(
  table: RoutingTable,
  message: WaitingMessage,
  change: MessageChange,
  validityMinutes: number | null,
): MessagePlan {
  const { recipient: to, sender, providerId, routed, route, flash, cadenceGroupId, dltTemplateId } = message;
  const isForced = message.encoding === "UCS2" && change.text === undefined;
  return planMessage(table, {
    to,
    text: change.text ?? message.text,
    from: (route as StoredRoute | null)?.senderGiven === false ? null : sender,
    providerId: routed ? null : providerId,
    flash,
    cadenceGroupId,
    dltTemplateId,
    encoding: change.encoding ?? (isForced ? "UCS2" : "AUTO"),
    ...(validityMinutes !== null && { validityMinutes: Math.max(1, Math.round(validityMinutes)) }),
  });
}

/** What it costs more than it did; undefined when it does not. */
function moreSpent({ country, ...message }: WaitingMessage, { cost }: MessagePlan): Spend | undefined {
  const { estimatedCost, estimatedCurrency } = message;
  if (!cost) return estimatedCost === null ? undefined : { country, amount: null, currency: null };
  if (estimatedCost === null || estimatedCurrency !== cost.currency) return { country, ...cost };
  if (compare(cost.amount, estimatedCost) <= 0) return undefined;
  return { country, amount: subtract(cost.amount, estimatedCost), currency: cost.currency };
}

interface Rewritten extends Omit<Times, "validityMinutes"> {
  priority: WaitingMessage["priority"];
  plan: MessagePlan;
  now: Date;
}

async function write(
  transaction: Queryable,
  { id, status, routed }: WaitingMessage,
  { scheduledAt, validUntil, priority, plan, now }: Rewritten,
): Promise<void> {
  const { content, connection, sender, route, cost } = plan;
  const { text, encoding, segments } = content;
  const providerId = connection.row.id;
  await rewriteMessage(transaction, { id, text, encoding, segments, scheduledAt, validUntil, priority });
  const isDue = status === "SCHEDULED" && scheduledAt === null;
  const rerouting = {
    providerId,
    sender,
    route,
    estimatedCost: cost?.amount ?? null,
    estimatedCurrency: cost?.currency ?? null,
  };
  await applyChanges(transaction, [
    {
      messageId: id,
      status: isDue ? "QUEUED" : status,
      source: "API",
      receivedAt: now,
      detail: "Its sender changed it.",
      rerouting,
    },
  ]);
  await addJobs(transaction, [
    dispatchJob({ id, priority, providerId, routed }, scheduledAt ? { runAt: scheduledAt } : { delayMs: 0 }),
  ]);
}
