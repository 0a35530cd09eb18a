import type { Queryable } from "../../database/database.ts";
import type { Slices } from "../../lib/slices.ts";
import { findSuppressions } from "../../suppressions/suppression.ts";
import { DomainError, type ErrorCode, type SpendingCapError } from "../../lib/errors.ts";
import { contentOf, planMessage, type MessagePlan } from "./draft.ts";
import { add, sumByCurrency, type Amount } from "../../lib/money.ts";
import { SpendingLedger, type Spent } from "../../pricing/spending/ledger.ts";
import type { RouteDecision } from "../../pricing/routing/route-decision.ts";
import { senderWarnings, type SendingSettings } from "../../sending-settings/settings.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { Content, SendInput } from "./send-input.ts";

/** The input that all messages share. */
export type QuoteInput = Omit<SendInput, "to" | "clientRef" | "scheduledAt" | "priority" | "idempotencyKey">;

/** A recipient, with a text of its own where it has one. */
export interface QuotedRecipient {
  to: string;
  text?: string | undefined;
  /** Why it has no text. */
  problem?: DomainError;
}

/** Messages that take the same route at the same price. */
export interface QuoteLine {
  country: string | null;
  sender: string;
  decision: RouteDecision;
  messages: number;
  segments: number;
  /** Undefined without a rate. */
  cost: Amount | undefined;
}

export interface QuoteRefusal {
  /** The place in the list of recipients, from 1. */
  position: number;
  to: string;
  code: ErrorCode;
  reason: string;
}

/** What sending a text to recipients would do and cost. Nothing is stored. */
export interface Quote {
  lines: readonly QuoteLine[];
  messages: number;
  segments: number;
  /** One sum for each currency. */
  totals: readonly Amount[];
  /** Messages without a known price. */
  unpriced: number;
  /** How many entries repeat an earlier recipient; their messages are counted all the same. */
  repeated: number;
  refusedCount: number;
  /** Of the refused ones, those that are not to be texted. */
  suppressed: number;
  /** Only the first ones. */
  refusals: readonly QuoteRefusal[];
  /** What is probably not as intended, in words: senders that break rules of a country. */
  warnings: readonly string[];
}

const maxRefusals = 100;
const maxShownLength = 100;

/**
 * Takes each recipient through everything that sending does before it stores, so the quote shows what sending
 * would do and charge.
 */
export async function quoteMessages(
  database: Queryable,
  accountId: string,
  table: RoutingTable,
  spent: readonly Spent[],
  input: QuoteInput,
  recipients: readonly QuotedRecipient[],
  slices: Slices,
): Promise<Quote> {
  const tally = new QuoteTally(new SpendingLedger(table.limits, spent));
  const plans = await planAll(table, input, recipients, slices);
  const planned = plans.filter((plan): plan is MessagePlan => !(plan instanceof DomainError));
  const wanted = planned.map(({ recipient: to, sender }) => ({ to, sender }));
  const suppressions = await findSuppressions(database, accountId, wanted);
  const suppressed = new Map(planned.map((plan, index) => [plan, suppressions[index]]));
  for (const [index, { to }] of recipients.entries()) {
    const plan = plans[index];
    if (!plan) continue;
    if (slices.isOver) await slices.rest();
    const error = plan instanceof DomainError ? plan : (suppressed.get(plan) ?? tally.take(plan));
    if (error) tally.refuse(index + 1, to, error);
  }
  return tally.quote(table.settings);
}

/** What each message would be, or why it would be refused. */
async function planAll(
  table: RoutingTable,
  input: QuoteInput,
  recipients: readonly QuotedRecipient[],
  slices: Slices,
): Promise<(MessagePlan | DomainError)[]> {
  const plans: (MessagePlan | DomainError)[] = [];
  const common = commonContent(input);
  for (const recipient of recipients) {
    if (slices.isOver) await slices.rest();
    const text = recipient.text ?? input.text;
    const content = recipient.text === undefined ? common : undefined;
    try {
      if (recipient.problem) throw recipient.problem;
      plans.push(planMessage(table, { ...input, text, to: recipient.to }, content));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      plans.push(error);
    }
  }
  return plans;
}

/** Computed once. A fault in the text is reported for each recipient, as sending would. */
function commonContent(input: QuoteInput): Content | undefined {
  try {
    return contentOf(input);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

class QuoteTally {
  readonly #ledger: SpendingLedger;
  readonly #lines = new Map<string, QuoteLine>();
  readonly #decisions = new Map<RouteDecision, number>();
  readonly #recipients = new Set<string>();
  readonly #refusals: QuoteRefusal[] = [];
  #refusedCount = 0;
  #suppressed = 0;
  #repeated = 0;

  constructor(ledger: SpendingLedger) {
    this.#ledger = ledger;
  }

  /** Returns why it cannot be paid for. */
  take({
    recipient,
    country,
    content,
    sender,
    route: decision,
    cost,
  }: MessagePlan): SpendingCapError | undefined {
    const spend = { country, amount: cost?.amount ?? null, currency: cost?.currency ?? null };
    const error = this.#ledger.take(spend);
    if (error) return error;
    if (this.#recipients.has(recipient)) this.#repeated++;
    this.#recipients.add(recipient);
    const key = `${country ?? ""} ${this.#numberOf(decision)} ${sender}`;
    const line = this.#lines.get(key) ?? emptyLine(country, sender, decision);
    line.messages++;
    line.segments += content.segments;
    if (cost) line.cost = { ...cost, amount: add(line.cost?.amount ?? "0", cost.amount) };
    this.#lines.set(key, line);
    return undefined;
  }

  refuse(position: number, to: string, { code, message }: DomainError): void {
    this.#refusedCount++;
    if (code === "RECIPIENT_SUPPRESSED") this.#suppressed++;
    if (this.#refusals.length === maxRefusals) return;
    this.#refusals.push({ position, to: to.slice(0, maxShownLength).toWellFormed(), code, reason: message });
  }

  quote(settings: SendingSettings): Quote {
    const lines = [...this.#lines.values()].toSorted((one, other) => other.messages - one.messages);
    const sum = (count: (line: QuoteLine) => number): number =>
      lines.reduce((total, line) => total + count(line), 0);
    return {
      lines,
      messages: sum(({ messages }) => messages),
      segments: sum(({ segments }) => segments),
      totals: sumByCurrency(lines.flatMap(({ cost }) => cost ?? [])),
      unpriced: sum(({ cost, messages }) => (cost ? 0 : messages)),
      repeated: this.#repeated,
      refusedCount: this.#refusedCount,
      suppressed: this.#suppressed,
      refusals: this.#refusals,
      warnings: senderWarnings(settings, lines),
    };
  }

  /** A number for each decision. Messages with the same route share the decision object. */
  #numberOf(decision: RouteDecision): number {
    const known = this.#decisions.get(decision) ?? this.#decisions.size;
    this.#decisions.set(decision, known);
    return known;
  }
}

const emptyLine = (country: string | null, sender: string, decision: RouteDecision): QuoteLine => ({
  country,
  sender,
  decision,
  messages: 0,
  segments: 0,
  cost: undefined,
});
