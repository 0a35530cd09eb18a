import type { ProviderReply } from "../provider.ts";
import { patiently } from "../wire/patience.ts";
import { Pages } from "./pages.ts";
import { isNotFound, readReply } from "./problem.ts";
import type { Reply, Transport } from "./transport.ts";
import { type Page, readPage, type Row } from "./wire.ts";

/** More pages than any account has. Ends the walk if a server never marks a page as the last. */
const maxPages = 50_000;

/** A list that a server makes without end is read for so long (see also `staying.ts`). At a page a second, 90,000 messages of 25 to a page. */
const maxWalkMs = 3_600_000;

/** Pages in a row with nothing new. */
const maxRepeats = 3;

/** Pages with which the next one is compared. */
const recentPages = 10;

interface ListQuery {
  /** Newer versions understand these; older ones ignore them. */
  filters: Readonly<Record<string, string>>;
  /**
   * Whether a message is older than everything searched for. The list is sorted newest first, so it can end
   * there.
   */
  isPast(row: Row): boolean;
  /** Called for each row. May be called twice for a row that new messages push onto the next page. */
  take(row: Row): void;
  /** Whether no more is to be taken. */
  isFull?(): boolean;
}

/**
 * Reads the pages by number. The URLs in the list are not followed: they lack the token and could lead
 * anywhere. `isComplete`: everything searched for has been covered.
 */
export async function walkList(
  transport: Transport,
  query: ListQuery,
): Promise<ProviderReply<{ isComplete: boolean }>> {
  const startedAt = performance.now();
  /** Of the last pages only: a list may be long. */
  const recent: Set<string | undefined>[] = [];
  const pages = new Pages((number) => {
    const turn = async () => readList(await fetchPage(transport, number, query.filters));
    return number === 1 ? turn() : patiently(turn);
  });
  let repeats = 0;
  for (let number = 1; number <= maxPages; number++) {
    const reply = await pages.next();
    if (!reply.ok) return reply;
    const { rows, isLast } = reply.value;
    for (const row of rows) query.take(row);
    if (isLast || rows.length === 0 || rows.some((row) => query.isPast(row))) return complete;
    if (query.isFull?.() === true || performance.now() - startedAt > maxWalkMs) return incomplete;
    const uids = new Set(rows.map(({ uid }) => uid));
    const isKnown = [...uids].every((uid) => recent.some((page) => page.has(uid)));
    if (recent.push(uids) > recentPages) recent.shift();
    // New messages push known rows onto the next page; a server that ignores the page number returns the same
    // rows forever.
    repeats = isKnown ? repeats + 1 : 0;
    if (repeats === maxRepeats) return incomplete;
  }
  return incomplete;
}

const complete = { ok: true, value: { isComplete: true } } as const;
const incomplete = { ok: true, value: { isComplete: false } } as const;

/** A 422 means that the filters are refused: repeat the request without them. */
async function fetchPage(
  transport: Transport,
  number: number,
  filters: ListQuery["filters"],
): Promise<Reply> {
  const page = { page: `${number}` };
  const reply = await transport.list("/sms", { ...page, ...filters });
  return reply.kind === "answer" && reply.status === 422 ? transport.list("/sms", page) : reply;
}

/** Some versions answer 404 when nothing matches. */
function readList(answer: Reply): ProviderReply<Page> {
  if (isNotFound(answer)) return { ok: true, value: { rows: [], size: 0, isLast: true } };
  const reply = readReply(answer);
  return reply.ok ? { ok: true, value: readPage(reply.value.json) } : reply;
}
