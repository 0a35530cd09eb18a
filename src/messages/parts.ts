import { Decimal } from "@prisma/client/runtime/client";
import type { Queryable, Statement } from "../database/database.ts";
import type { DecimalText } from "../providers/provider.ts";
import type { StatusChange } from "./status-change.ts";
import { isFinal, type IgnoredReason, type MessageStatus } from "./status.ts";

/** What has been said about one part of a multipart message. */
export interface PartReport {
  part: number;
  parts: number;
  status: MessageStatus;
  cost: DecimalText | null;
}

export interface WeighedPart {
  /** What the report means for the whole message. */
  status: MessageStatus;
  /** Set when the report concerns its part only. */
  ignored?: IgnoredReason;
  /** What the provider charged for all parts, as far as known. */
  messageCost?: DecimalText;
  report: PartReport;
}

/**
 * What a report on one part means for the message: it is DELIVERED only when every part is, and failed as soon
 * as one part is, whatever the order. Statuses on the way there count at once.
 */
export function weighPart(earlier: readonly PartReport[], change: StatusChange): WeighedPart {
  const { part = 1, parts = 1, status, cost } = change;
  const report = { part, parts, status, cost: cost ?? null };
  if (parts === 1) return { status, report, ...(cost !== undefined && { messageCost: cost }) };
  const latest = latestByPart([...earlier, report]);
  const messageCost = totalCost(latest);
  const weighed = { status, report, ...(messageCost !== undefined && { messageCost }) };
  if (!isArrival(status)) return weighed;
  if (earlier.some((one) => one.part === part && one.status === status))
    return { ...weighed, ignored: "DUPLICATE" };
  const arrived = [...latest.values()].filter((one) => isArrival(one.status));
  return arrived.length < parts ? { ...weighed, ignored: "AWAITING_PARTS" } : weighed;
}

const isArrival = (status: MessageStatus): boolean => status === "DELIVERED" || status === "READ";

/** A part's newest word; its first final one stays. */
function latestByPart(reports: readonly PartReport[]): Map<number, PartReport> {
  const latest = new Map<number, PartReport>();
  for (const report of reports) {
    const known = latest.get(report.part);
    const kept = known && isFinal(known.status) ? known : report;
    latest.set(report.part, { ...kept, cost: report.cost ?? known?.cost ?? null });
  }
  return latest;
}

function totalCost(latest: Map<number, PartReport>): DecimalText | undefined {
  const costs = [...latest.values()].flatMap(({ cost }) => (cost === null ? [] : [new Decimal(cost)]));
  return costs.length === 0 ? undefined : Decimal.sum(...costs).toFixed();
}

const readReports: Statement = {
  name: "read_part_history",
  text: `
    select message_id as "messageId", part, parts, status, cost
    from message_events
    where message_id = any ($1::uuid[]) and parts > 1
    order by id`,
};

/** Earlier part reports of the messages that `changes` report parts of; mostly there are none, and no statement. */
export async function readPartHistory(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<Map<string, PartReport[]>> {
  const ids = new Set(changes.filter(({ parts = 1 }) => parts > 1).map(({ messageId }) => messageId));
  if (ids.size === 0) return new Map();
  const rows = await transaction.query<PartReport & { messageId: string }>(readReports, [[...ids]]);
  return Map.groupBy(rows, ({ messageId }) => messageId);
}
