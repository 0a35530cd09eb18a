import { behindIdsBefore, firstMessageIdAt } from "../../../lib/uuid.ts";
import type { ListOwner } from "../../../messages/log/message-lists.ts";
import type { MessageStatus } from "../../../messages/model/status.ts";
import type { Context } from "../../context.ts";
import { paginateById, type PageArgs } from "../page.ts";

/** Which messages of a list to return. */
interface ListFilter {
  accountId: string;
  /** In one of these statuses; absent: in any. */
  statuses?: readonly MessageStatus[] | undefined;
  created?: { from?: Date | null | undefined; until?: Date | null | undefined } | null | undefined;
}

/** A page of messages, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfMessages(
  owner: ListOwner,
  { accountId, statuses, created }: ListFilter,
  args: PageArgs,
  { reads }: Context,
) {
  return paginateById(args, ({ where, orderBy, take: limit }) => {
    const above = [where.gt, created?.from && behindIdsBefore(created.from)]
      .filter(isGiven)
      .toSorted()
      .at(-1);
    const below = [where.lt, created?.until && firstMessageIdAt(created.until)].filter(isGiven).toSorted()[0];
    const range = { statuses, above, below, limit, ascending: orderBy === "asc" };
    return reads.page(accountId, owner, range);
  });
}

const isGiven = (id: string | null | undefined): id is string => id != null;
