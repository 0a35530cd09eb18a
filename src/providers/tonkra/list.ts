import type { ProviderReply } from "../provider.ts";
import { patiently } from "../wire/patience.ts";
import { isNotFound, readReply } from "./problem.ts";
import type { Reply, Transport } from "./transport.ts";
import { type Page, readPage, type Row } from "./wire.ts";

/** No account has so many: a server that never says which page is the last does not keep us for ever. */
const maxPages = 50_000;

/** Pages in a row with nothing new. */
const maxRepeats = 3;

export interface ListQuery {
  /** Understood by newer versions, ignored by older ones. */
  filters: Readonly<Record<string, string>>;
  /** Whether a message is older than all that is looked for: the list is the newest first, so it ends there. */
  isPast(row: Row): boolean;
  /** Called for each row; twice for one that others push onto the next page meanwhile. */
  take(row: Row): void;
}

/**
 * Turns the pages by number, as many as there are; the addresses that the list gives lack the token and could lead
 * anywhere. `isComplete`: nothing that is looked for can be left.
 */
export async function walkList(
  transport: Transport,
  query: ListQuery,
): Promise<ProviderReply<{ isComplete: boolean }>> {
  const seen = new Set<string | undefined>();
  let repeats = 0;
  for (let number = 1; number <= maxPages; number++) {
    const turn = async () => readList(await fetchPage(transport, number, query.filters));
    const reply = number === 1 ? await turn() : await patiently(turn);
    if (!reply.ok) return reply;
    const { rows, isLast } = reply.value;
    for (const row of rows) query.take(row);
    if (isLast || rows.length === 0 || rows.some((row) => query.isPast(row))) return complete;
    const known = seen.size;
    for (const { uid } of rows) seen.add(uid);
    // New messages push those that were seen onto the next page; a server that does not turn it shows them for ever.
    repeats = seen.size === known ? repeats + 1 : 0;
    if (repeats === maxRepeats) return incomplete;
  }
  return incomplete;
}

const complete = { ok: true, value: { isComplete: true } } as const;
const incomplete = { ok: true, value: { isComplete: false } } as const;

/** A 422 says that the filters are wrong: then the page is asked for without them. */
async function fetchPage(
  transport: Transport,
  number: number,
  filters: ListQuery["filters"],
): Promise<Reply> {
  const page = { page: `${number}` };
  const reply = await transport.list("/sms", { ...page, ...filters });
  return reply.kind === "answer" && reply.status === 422 ? transport.list("/sms", page) : reply;
}

/** Some versions answer 404 where nothing matches. */
function readList(answer: Reply): ProviderReply<Page> {
  if (isNotFound(answer)) return { ok: true, value: { rows: [], isLast: true } };
  const reply = readReply(answer);
  return reply.ok ? { ok: true, value: readPage(reply.value.json) } : reply;
}
