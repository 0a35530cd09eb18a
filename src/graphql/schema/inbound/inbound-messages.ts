import { decodeId } from "../../../lib/global-id.ts";
import { DomainError } from "../../../lib/errors.ts";
import { parseRecipient } from "../../../sms/phone.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { MessageConnection } from "../messages/queries.ts";
import { Message } from "../messages/message.ts";
import { paginateById } from "../page.ts";

const InboundMessageFilter = builder.inputType("InboundMessageFilter", {
  description: "Which messages from people to list. All given conditions must hold.",
  fields: (t) => ({
    from: t.string({ description: "From this number, in any spelling." }),
    providerId: t.id({ description: "Received through this provider." }),
    campaignId: t.id({ description: "That answer a message of this campaign." }),
    messageId: t.id({ description: "That answer this message." }),
  }),
});

type Filter = typeof InboundMessageFilter.$inferInput;

function toWhere({ from, providerId, campaignId, messageId }: Filter) {
  return {
    ...(from != null && { sender: numberOf(from) }),
    ...(providerId != null && { providerId: decodeId("Provider", providerId, "filter.providerId") }),
    ...(campaignId != null && { answeredCampaignId: decodeId("Campaign", campaignId, "filter.campaignId") }),
    ...(messageId != null && { answers: decodeId("Message", messageId, "filter.messageId") }),
  };
}

/** A short code or a name is stored as it came. */
function numberOf(from: string): string {
  try {
    return parseRecipient(from).to;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return requireStorable(from.trim(), "filter.from");
  }
}

builder.queryField("inboundMessages", (t) =>
  t.connection(
    {
      type: Message,
      description: "Messages from people, newest first.",
      authScopes: { READ: true },
      args: { filter: t.arg({ type: InboundMessageFilter, description: "Which of them; absent: all." }) },
      resolve: (_root, { filter, ...args }, { database, ...context }) => {
        const where = {
          accountId: accountOf(context),
          listedAs: "RECEIVED" as const,
          ...toWhere(filter ?? {}),
        };
        return paginateById(args, ({ where: id, orderBy, take }) =>
          database.prisma.message.findMany({
            where: { AND: [where, { id }] },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    MessageConnection,
  ),
);
