import type { Prisma } from "../../../database/generated/client.ts";
import { queryFromInfo } from "@pothos/plugin-prisma";
import { InvalidInputError } from "../../../lib/errors.ts";
import { firstMessageIdAt } from "../../../lib/uuid.ts";
import type { ListOwner } from "../../../messages/log/message-lists.ts";
import { parseRecipient } from "../../../sms/phone.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { MessageStatusEnum } from "./enums.ts";
import { pageOfMessages } from "./list.ts";
import { Message } from "./message.ts";
import { paginateById } from "../page.ts";

const DateTimeRange = builder.inputType("DateTimeRange", {
  description: "A range of time; either end may be open.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", description: "From this time on, inclusive." }),
    until: t.field({ type: "DateTime", description: "Before this time, exclusive." }),
  }),
});

const MessageFilter = builder.inputType("MessageFilter", {
  description: "Which messages to list. All given conditions must hold.",
  fields: (t) => ({
    status: t.field({ type: [MessageStatusEnum], description: "In one of these statuses." }),
    providerId: t.id({ description: "Sent through this provider." }),
    to: t.string({ description: "To this recipient, in any notation of the international number." }),
    clientRef: t.string({ description: "With exactly this reference of yours." }),
    created: t.field({ type: DateTimeRange, description: "Accepted in this range of time." }),
  }),
});

type Filter = typeof MessageFilter.$inferInput;

/** Few messages share a recipient or a reference, so the other conditions are checked row by row. */
function toWhere(accountId: string, filter: Filter): Prisma.MessageWhereInput {
  const { status, providerId, to, clientRef, created } = filter;
  return {
    accountId,
    ...(status && { status: { in: [...status] } }),
    ...(providerId != null && { providerId: decodeId("Provider", providerId, "filter.providerId") }),
    ...(to != null && { recipient: parseRecipient(to).to }),
    ...(clientRef != null && { clientRef: requireStorable(clientRef, "filter.clientRef") }),
    ...(created && { id: idsWithin(created.from, created.until) }),
  };
}

/** Ids are in the order of creation, so a time range is a range of ids. */
const idsWithin = (from: Date | null | undefined, until: Date | null | undefined) => ({
  ...(from && { gte: firstMessageIdAt(from) }),
  ...(until && { lt: firstMessageIdAt(until) }),
});

/** The owner of a list that is indexed by status. */
const ownerOf = (accountId: string, { providerId }: Filter): ListOwner =>
  providerId == null
    ? { kind: "account", id: accountId }
    : { kind: "provider", id: decodeId("Provider", providerId, "filter.providerId") };

export const MessageConnection = builder.connectionObject(
  { type: Message, name: "MessageConnection", description: "A page of messages." },
  { name: "MessageEdge", description: "A message and its position in the list." },
);

builder.queryFields((t) => ({
  message: t.prismaField({
    type: "Message",
    nullable: true,
    description:
      "A message by its id or by your own reference (the newest with it); null when it does not exist.",
    authScopes: { READ: true },
    args: {
      id: t.arg.id({ description: "Global id of the message." }),
      clientRef: t.arg.string({ description: "Your own reference." }),
    },
    resolve: (query, _root, { id, clientRef }, context) => {
      if ((id == null) === (clientRef == null)) {
        throw new InvalidInputError("id", "Give exactly one of `id` and `clientRef`.");
      }
      const accountId = accountOf(context);
      if (id != null) return context.reads.message(accountId, decodeId("Message", id));
      const where = { accountId, clientRef: requireStorable(clientRef ?? "", "clientRef") };
      return context.database.prisma.message.findFirst({ ...query, where, orderBy: { id: "desc" } });
    },
  }),
  messages: t.connection(
    {
      type: Message,
      description: "Messages, newest first.",
      authScopes: { READ: true },
      args: { filter: t.arg({ type: MessageFilter, description: "Which messages." }) },
      resolve: (_root, { filter: given, ...args }, context, info) => {
        const [accountId, filter] = [accountOf(context), given ?? {}];
        const { status, to, clientRef, created } = filter;
        if (to == null && clientRef == null) {
          const list = { accountId, statuses: status ?? undefined, created };
          return pageOfMessages(ownerOf(accountId, filter), list, args, context);
        }
        const where = toWhere(accountId, filter);
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.message.findMany({
            ...query,
            where: { AND: [where, { id }] },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    MessageConnection,
  ),
}));
