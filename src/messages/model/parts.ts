import type { Queryable, Statement } from "../../database/database.ts";
import { add, type DecimalText } from "../../lib/money.ts";
import type { StatusChange } from "./status-change.ts";
import { ignoredReason, isFinal, type IgnoredReason, type MessageStatus } from "./status.ts";

/**
 * What was reported about one part of a multipart message. A part is what the provider reports on; a segment
 * is what is counted and charged.
 */
export interface PartReport {
  part: number;
  parts: number;
  status: MessageStatus;
  cost: DecimalText | null;
}

/** The latest report on each part, each taken through the transition table. */
export type StandingParts = ReadonlyMap<number, PartReport>;

/** The report as logged: each provider counts the parts of its own attempt. */
interface LoggedPart extends PartReport {
  messageId: string;
  providerId: string | null;
}

export interface WeighedPart {
  /** What the report means for the whole message. */
  status: MessageStatus;
  /** Set when the report concerns its part only, or changes nothing. */
  ignored?: IgnoredReason | undefined;
  /** What the provider charged for all parts, as far as it has reported. */
  messageCost?: DecimalText;
}

/**
 * What a report on one part means for a message in `current`: it is DELIVERED only when every part is, and
 * failed as soon as one part is, in any order. Statuses before the end count at once. Each part goes through
 * the transition table separately, so a contradicting report is ignored as for a message of one part.
 */
export function weighPart(before: StandingParts, current: MessageStatus, change: StatusChange): WeighedPart {
  const { part = 1, parts = 1, status, cost } = change;
  if (parts === 1) return { status, ...(cost !== undefined && { messageCost: cost }) };
  const standing = withReport(before, { part, parts, status, cost: cost ?? null });
  const messageCost = totalCost(standing);
  const weighed = { status, ...(messageCost !== undefined && { messageCost }) };
  const known = before.get(part);
  const ignored = known && ignoredReason(known.status, status);
  if (ignored) return { ...weighed, ignored };
  if (!isArrival(status) || isFinal(current)) return weighed;
  if (!haveAllArrived(standing)) return { ...weighed, ignored: "AWAITING_PARTS" };
  const isRead = [...standing.values()].some((one) => one.status === "READ");
  return { ...weighed, status: isRead ? "READ" : "DELIVERED" };
}

const isArrival = (status: MessageStatus): boolean => status === "DELIVERED" || status === "READ";

/** What stands after one more report. */
function withReport(before: StandingParts, report: PartReport): StandingParts {
  const standing = new Map(before);
  take(standing, report);
  return standing;
}

function take(standing: Map<number, PartReport>, report: PartReport): void {
  const known = standing.get(report.part);
  const isKept = known !== undefined && ignoredReason(known.status, report.status) !== undefined;
  const [newest, other] = isKept ? [known, report] : [report, known];
  const parts = Math.max(report.parts, known?.parts ?? 1);
  standing.set(report.part, {
    part: report.part,
    parts,
    status: newest.status,
    cost: newest.cost ?? other?.cost ?? null,
  });
}

/** What stands of several messages: of each the parts as each provider has reported them. */
export class PartHistory {
  readonly #standing = new Map<string, Map<number, PartReport>>();

  of(messageId: string, providerId: string | null): StandingParts {
    return this.#standing.get(`${messageId} ${providerId}`) ?? none;
  }

  add({ messageId, providerId, ...report }: LoggedPart): void {
    const key = `${messageId} ${providerId}`;
    const standing = this.#standing.get(key) ?? new Map<number, PartReport>();
    this.#standing.set(key, standing);
    take(standing, report);
  }
}

const none: StandingParts = new Map();

/** A provider may report different numbers of parts: the largest one counts. */
const partsOf = (reports: readonly PartReport[]): number =>
  Math.max(...reports.flatMap((one) => [one.part, one.parts]));

function haveAllArrived(standing: StandingParts): boolean {
  const reports = [...standing.values()];
  return reports.filter((one) => isArrival(one.status)).length === partsOf(reports);
}

/** Whether there are parts of which no end was reported, after one more report. */
export function lacksParts(before: StandingParts, report: PartReport): boolean {
  if (report.parts === 1) return false;
  const standing = [...withReport(before, report).values()];
  return standing.filter(({ status }) => isFinal(status)).length < partsOf(standing);
}

function totalCost(standing: StandingParts): DecimalText | undefined {
  const costs = [...standing.values()].flatMap(({ cost }) => cost ?? []);
  return costs.length === 0 ? undefined : costs.reduce(add);
}

const readReports: Statement = {
  name: "read_part_history",
  text: `
    select message_id as "messageId", provider_id as "providerId", part, parts, status, cost
    from message_events
    where message_id = any ($1::uuid[]) and parts > 1
    order by id`,
};

/**
 * Earlier part reports of the messages that `changes` report parts of. Most changes report none, and need no
 * statement.
 */
export async function readPartHistory(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<PartHistory> {
  const ids = new Set(changes.filter(({ parts = 1 }) => parts > 1).map(({ messageId }) => messageId));
  const history = new PartHistory();
  if (ids.size === 0) return history;
  for (const row of await transaction.query<LoggedPart>(readReports, [[...ids]])) history.add(row);
  return history;
}
