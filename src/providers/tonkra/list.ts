import type { ProviderReply } from "../provider.ts";
import { isNotFound, readReply } from "./problem.ts";
import type { Reply, Transport } from "./transport.ts";
import { type Page, readPage, type Row } from "./wire.ts";

/** Of 25 messages each. */
const maxPages = 20;

export interface ListQuery {
  /** Understood by newer versions, ignored by older ones. */
  filters: Readonly<Record<string, string>>;
  /** Whether a message is older than all that is looked for: the list is the newest first, so it ends there. */
  isPast(row: Row): boolean;
}

export interface MessageList {
  /** Each uid once: rows that come in meanwhile push others onto the next page. */
  rows: Row[];
  isComplete: boolean;
}

/** Turns the pages by number; the addresses that the list gives lack the token and could lead anywhere. */
export async function listMessages(
  transport: Transport,
  query: ListQuery,
): Promise<ProviderReply<MessageList>> {
  const rows = new Map<string, Row>();
  for (let number = 1; number <= maxPages; number++) {
    const reply = readList(await fetchPage(transport, number, query.filters));
    if (!reply.ok) return reply;
    const page = reply.value;
    for (const row of page.rows) if (row.uid !== undefined) rows.set(row.uid, row);
    if (page.isLast || page.rows.length === 0 || page.rows.some((row) => query.isPast(row))) {
      return { ok: true, value: { rows: [...rows.values()], isComplete: true } };
    }
  }
  return { ok: true, value: { rows: [...rows.values()], isComplete: false } };
}

/** A 422 says that the filters are wrong: then the page is asked for without them. */
async function fetchPage(
  transport: Transport,
  number: number,
  filters: ListQuery["filters"],
): Promise<Reply> {
  const page = { page: `${number}` };
  const reply = await transport.get("/sms", { ...page, ...filters });
  return reply.kind === "answer" && reply.status === 422 ? transport.get("/sms", page) : reply;
}

/** Some versions answer 404 where nothing matches. */
function readList(answer: Reply): ProviderReply<Page> {
  if (isNotFound(answer)) return { ok: true, value: { rows: [], isLast: true } };
  const reply = readReply(answer);
  return reply.ok ? { ok: true, value: readPage(reply.value.json) } : reply;
}
