import type { Database, Statement } from "../database/database.ts";
import { quoteCell, toCsvCell } from "../spreadsheets/text-cells.ts";
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
  "text",
  "from",
  "provider",
  "provider_message_id",
  "country",
  "mccmnc",
  "encoding",
  "segments",
  "estimated_cost",
  "estimated_currency",
  "cost",
  "currency",
  "created_at",
  "scheduled_at",
  "submitted_at",
  "sent_at",
  "delivered_at",
  "updated_at",
  "campaign",
  "id",
] as const;

type Row = Record<(typeof columns)[number], string | number | Date | null>;

// A provider's own time may lie before the submission: its clock may differ, or count whole seconds.
const readPage: Statement = {
  name: "read_export_page",
  text: `
    select m.recipient as to, m.client_ref, m.text, m.status, m.provider_status, m.failure_code, m.failure_text,
      m.sender as from, p.name as provider, m.provider_message_id, m.country, m.mccmnc, m.encoding, m.segments,
      m.estimated_cost, m.estimated_currency, m.cost, m.cost_currency as currency, m.created_at, m.scheduled_at,
      m.submitted_at, case when m.sent_at is not null then greatest(m.sent_at, m.submitted_at) end as sent_at,
      case when m.delivered_at is not null then greatest(m.delivered_at, m.sent_at, m.submitted_at) end as delivered_at,
      m.updated_at, c.name as campaign, m.id
    from messages as m
    join campaigns as c on c.id = m.campaign_id
    left join providers as p on p.id = m.provider_id
    where m.id = any ($1::uuid[])
    order by m.id`,
};

/** What an export has in it, and in which form. */
interface ExportForm {
  /** Undefined: all. */
  statuses: readonly MessageStatus[] | undefined;
  delimiter: Delimiter;
  /** The id of a message as the reader of the file knows it. */
  idOf: (localId: string) => string;
}

/** The separator of the cells in a line. */
export type Delimiter = "," | ";";

/**
 * Writes the messages of a campaign as CSV (RFC 4180), one page of lines at a time, in the order of their
 * creation. Spreadsheets open it directly: they see that it is UTF-8, no cell is taken for a formula, and
 * numbers stay text. Importing the file gives the same recipients and references again.
 */
export async function* exportMessages(
  database: Database,
  campaignId: string,
  { statuses, delimiter, idOf }: ExportForm,
): AsyncGenerator<string> {
  yield `\uFEFF${columns.join(delimiter)}\r\n`;
  let above: string | undefined;
  for (;;) {
    const range = { statuses, above, limit: pageSize, ascending: true };
    const ids = await listMessages(database, { kind: "campaign", id: campaignId }, range);
    if (ids.length === 0) return;
    const rows = await database.query<Row>(readPage, [ids]);
    yield rows.map((row) => toLine({ ...row, id: idOf(String(row.id)) }, delimiter)).join("");
    above = ids.at(-1);
  }
}

function toLine(row: Row, delimiter: Delimiter): string {
  return `${columns.map((column) => toCell(row[column], amounts.has(column))).join(delimiter)}\r\n`;
}

/** Columns to calculate with. */
const amounts: ReadonlySet<string> = new Set(["estimated_cost", "cost"]);

function toCell(value: Row[keyof Row], isAmount: boolean): string {
  if (value === null) return "";
  if (typeof value === "string") return isAmount ? quoteCell(value) : toCsvCell(value);
  return value instanceof Date ? value.toISOString() : String(value);
}
