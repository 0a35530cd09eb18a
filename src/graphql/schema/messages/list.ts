import { queryFromInfo } from "@pothos/plugin-prisma";
import type { GraphQLResolveInfo } from "graphql";
import { behindIdsBefore, firstMessageIdAt } from "../../../lib/uuid.ts";
import { listMessages, type ListOwner } from "../../../messages/log/message-lists.ts";
import type { MessageStatus } from "../../../messages/model/status.ts";
import type { Context } from "../../context.ts";
import { paginateById, type PageArgs } from "../page.ts";

/** Which messages of a list are wanted. */
export interface ListFilter {
  accountId: string;
  /** In one of these; in any where it is absent. */
  statuses?: readonly MessageStatus[] | undefined;
  created?: { from?: Date | null | undefined; until?: Date | null | undefined } | null | undefined;
}

/** A page of messages, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfMessages(
  owner: ListOwner,
  { accountId, statuses, created }: ListFilter,
  args: PageArgs,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const { database } = context;
  const query = queryFromInfo({ context, info, path: ["edges", "node"] });
  return paginateById(args, async ({ where, orderBy, take: limit }) => {
    const above = [where.gt, created?.from && behindIdsBefore(created.from)]
      .filter(isGiven)
      .toSorted()
      .at(-1);
    const below = [where.lt, created?.until && firstMessageIdAt(created.until)].filter(isGiven).toSorted()[0];
    const stretch = { statuses, above, below, limit, ascending: orderBy === "asc" };
    const ids = await listMessages(database, owner, stretch);
    return database.prisma.message.findMany({
      ...query,
      where: { id: { in: ids }, accountId },
      orderBy: { id: orderBy },
    });
  });
}

const isGiven = (id: string | null | undefined): id is string => id != null;
