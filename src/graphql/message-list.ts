import { queryFromInfo } from "@pothos/plugin-prisma";
import type { GraphQLResolveInfo } from "graphql";
import { listMessages, type ListOwner } from "../messages/message-lists.ts";
import type { MessageStatus } from "../messages/status.ts";
import type { Context } from "./context.ts";
import { paginateById, type PageArgs } from "./page.ts";

/** Which messages of a list are wanted. */
export interface ListFilter {
  accountId: string;
  /** In one of these; in any where it is absent. */
  statuses?: readonly MessageStatus[] | undefined;
  /** The first id, and the one behind the last. */
  from?: string | undefined;
  until?: string | undefined;
}

/** A page of messages, newest first. @throws InvalidInputError, InvalidCursorError */
export function pageOfMessages(
  owner: ListOwner,
  { accountId, statuses, from, until }: ListFilter,
  args: PageArgs,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const { database } = context;
  const query = queryFromInfo({ context, info, path: ["edges", "node"] });
  return paginateById(args, async ({ where: { gt: above, lt }, orderBy, take: limit }) => {
    const below = [lt, until].filter((id) => id !== undefined).toSorted()[0];
    const stretch = { statuses, above, below, from, limit, ascending: orderBy === "asc" };
    const ids = await listMessages(database, owner, stretch);
    const where = { id: { in: ids }, accountId };
    return database.prisma.message.findMany({ ...query, where, orderBy: { id: orderBy } });
  });
}
