import { behindIdsBefore, firstMessageIdAt } from "../../../lib/uuid.ts";
import type { ListOwner } from "../../../messages/log/message-lists.ts";
import { searchMessages, type MessageSearch } from "../../../messages/log/message-search.ts";
import type { MessageStatus } from "../../../messages/model/status.ts";
import { listOverdue } from "../../../messages/statistics/overdue-messages.ts";
import type { Context } from "../../context.ts";
import { paginateById, type PageArgs } from "../page.ts";

/** Which messages of a list to return. */
interface ListFilter {
  accountId: string;
  /** In one of these statuses; absent: in any. */
  statuses?: readonly MessageStatus[] | undefined;
  /** Besides the owner. */
  providerId?: string | undefined;
  campaignId?: string | undefined;
  created?: { from?: Date | null | undefined; until?: Date | null | undefined } | null | undefined;
}

/** A page of messages, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfMessages(
  owner: ListOwner,
  { accountId, statuses, created, providerId }: ListFilter,
  args: PageArgs,
  { reads }: Context,
) {
  return paginateById(args, ({ where, orderBy, take: limit }) => {
    const bounds = boundsOf(where, created);
    const range = { statuses, ...bounds, limit, ascending: orderBy === "asc", providerId };
    return reads.page(accountId, owner, range);
  });
}

/** A page of what a search found, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfSearch(
  sought: Pick<MessageSearch, "keys" | "matches">,
  { created, ...filter }: ListFilter,
  args: PageArgs,
  { database, reads }: Context,
) {
  return paginateById(args, async ({ where, orderBy, take: limit }) => {
    const range = { ...boundsOf(where, created), limit, ascending: orderBy === "asc" };
    return rowsOf(await searchMessages(database, { ...sought, ...filter, ...range }), filter, reads);
  });
}

/** A page of messages whose final receipt should have come, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfOverdue(
  { created, ...filter }: ListFilter,
  args: PageArgs,
  { database, expectations, clock, reads }: Context,
) {
  return paginateById(args, async ({ where, orderBy, take: limit }) => {
    const range = { ...filter, ...boundsOf(where, created), limit, ascending: orderBy === "asc" };
    const lags = await expectations.of(filter.accountId);
    return rowsOf(await listOverdue(database, filter.accountId, lags, clock.now(), range), filter, reads);
  });
}

async function rowsOf(ids: readonly string[], { accountId }: ListFilter, reads: Context["reads"]) {
  const rows = await Promise.all(ids.map((id) => reads.message(accountId, id)));
  return rows.filter((row) => row !== null);
}

function boundsOf({ gt, lt }: { gt?: string; lt?: string }, created: ListFilter["created"]) {
  const above = [gt, created?.from && behindIdsBefore(created.from)].filter(isGiven).toSorted().at(-1);
  const below = [lt, created?.until && firstMessageIdAt(created.until)].filter(isGiven).toSorted()[0];
  return { above, below };
}

const isGiven = (id: string | null | undefined): id is string => id != null;
