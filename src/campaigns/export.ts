import type { Database, Statement } from "../database/database.ts";
import { listMessages } from "../messages/log/message-lists.ts";
import type { MessageStatus } from "../messages/model/status.ts";

const pageSize = 1_000;

const columns = [
  "to",
  "client_ref",
  "status",
  "provider_status",
  "failure_code",
  "failure_text",
  "segments",
  "cost",
  "currency",
  "created_at",
  "submitted_at",
  "delivered_at",
  "id",
] as const;

type Row = Record<(typeof columns)[number], string | number | Date | null>;

const readPage: Statement = {
  name: "read_export_page",
  text: `
    select m.recipient as to, m.client_ref, m.status, m.provider_status, m.failure_code, m.failure_text, m.segments,
      m.cost, m.cost_currency as currency, m.created_at, m.submitted_at, m.delivered_at, m.id
    from messages as m
    where m.id = any ($1::uuid[])
    order by m.id`,
};

/**
 * The messages of a campaign as CSV (RFC 4180), a page of lines at a time, in the order in which they were made.
 * `statuses` undefined: all.
 */
export async function* exportMessages(
  database: Database,
  campaignId: string,
  statuses: readonly MessageStatus[] | undefined,
): AsyncGenerator<string> {
  yield `${columns.join(",")}\r\n`;
  let above: string | undefined;
  for (;;) {
    const stretch = { statuses, above, limit: pageSize, ascending: true };
    const ids = await listMessages(database, { kind: "campaign", id: campaignId }, stretch);
    if (ids.length === 0) return;
    yield (await database.query<Row>(readPage, [ids])).map(toLine).join("");
    above = ids.at(-1);
  }
}

const toLine = (row: Row): string => `${columns.map((column) => toCell(row[column])).join(",")}\r\n`;

function toCell(value: Row[keyof Row]): string {
  if (value === null) return "";
  const text = value instanceof Date ? value.toISOString() : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
