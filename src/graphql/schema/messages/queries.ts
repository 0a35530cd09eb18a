import { InvalidInputError } from "../../../lib/errors.ts";
import type { ListOwner } from "../../../messages/log/message-lists.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { DateTimeRange } from "./date-time-range.ts";
import { MessageStatusEnum } from "./enums.ts";
import { pageOfMessages, pageOfOverdue, pageOfSearch } from "./list.ts";
import { Message } from "./message.ts";
import { idOf, searchedFor } from "./search.ts";

const MessageFilter = builder.inputType("MessageFilter", {
  description: "Which messages to list. All given conditions must hold.",
  fields: (t) => ({
    status: t.field({ type: [MessageStatusEnum], description: "In one of these statuses." }),
    providerId: t.id({ description: "Sent through this provider." }),
    campaignId: t.id({ description: "Of this campaign." }),
    to: t.string({ description: "To this recipient, in any notation of the international number." }),
    clientRef: t.string({ description: "With exactly this reference of yours." }),
    providerMessageId: t.string({ description: "With exactly this id at its provider." }),
    search: t.string({
      description:
        "What a person has of a message: its recipient, its id, your reference or the provider's id, each in full. Not " +
        "together with `to`, `clientRef` and `providerMessageId`.",
    }),
    created: t.field({ type: DateTimeRange, description: "Accepted in this range of time." }),
    overdue: t.boolean({
      description:
        "True: only those whose final receipt should have come by now (`isOverdue`) and that were looked up once. Not together with " +
        "`search`, `to`, `clientRef` and `providerMessageId`; false is as absent.",
    }),
  }),
});

type Filter = typeof MessageFilter.$inferInput;

/** The owner of a list that is indexed by status. */
function ownerOf(accountId: string, { providerId, campaignId }: Filter): ListOwner {
  if (campaignId != null)
    return { kind: "campaign", id: decodeId("Campaign", campaignId, "filter.campaignId") };
  if (providerId != null)
    return { kind: "provider", id: decodeId("Provider", providerId, "filter.providerId") };
  return { kind: "account", id: accountId };
}

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
      description:
        "The messages that the account sends, newest first; those from people are `inboundMessages`.",
      authScopes: { READ: true },
      args: { filter: t.arg({ type: MessageFilter, description: "Which messages." }) },
      resolve: (_root, { filter, ...args }, context) => {
        const [accountId, wanted] = [accountOf(context), filter ?? {}];
        const list = {
          accountId,
          statuses: wanted.status ?? undefined,
          created: wanted.created,
          providerId: idOf("Provider", wanted.providerId, "filter.providerId"),
          campaignId: idOf("Campaign", wanted.campaignId, "filter.campaignId"),
        };
        const sought = searchedFor(wanted);
        if (wanted.overdue === true) {
          if (sought)
            throw new InvalidInputError(
              "filter.overdue",
              "Leave `overdue` out: what is sought is found whether it is overdue or not. `isOverdue` of a message tells.",
            );
          return pageOfOverdue(list, args, context);
        }
        if (!sought) return pageOfMessages(ownerOf(accountId, wanted), list, args, context);
        return pageOfSearch(sought, list, args, context);
      },
    },
    MessageConnection,
  ),
}));
