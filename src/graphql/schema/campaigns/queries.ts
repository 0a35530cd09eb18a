import { queryFromInfo } from "@pothos/plugin-prisma";
import type { Prisma } from "../../../database/generated/client.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { Campaign, CampaignStatusEnum } from "./campaign.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { MessageStatusEnum } from "../messages/enums.ts";
import { MessageConnection } from "../messages/queries.ts";
import { pageOfMessages } from "../messages/list.ts";
import { Message } from "../messages/message.ts";
import { paginateById } from "../page.ts";

const CampaignFilter = builder.inputType("CampaignFilter", {
  description: "Which campaigns to list. All given conditions must hold.",
  fields: (t) => ({
    status: t.field({ type: [CampaignStatusEnum], description: "In one of these statuses." }),
    name: t.string({ description: "With exactly this name." }),
  }),
});

const CampaignConnection = builder.connectionObject(
  { type: Campaign, name: "CampaignConnection", description: "A page of campaigns." },
  { name: "CampaignEdge", description: "A campaign and its position in the list." },
);

builder.prismaObjectField(Campaign, "messages", (t) =>
  t.connection(
    {
      type: Message,
      description:
        "Its messages, newest first. They are created in the minutes after the campaign was accepted.",
      args: { status: t.arg({ type: MessageStatusEnum, description: "Only those in this status." }) },
      select: { id: true, accountId: true },
      resolve: ({ id, accountId }, { status, ...args }, context) => {
        const statuses = status == null ? undefined : [status];
        return pageOfMessages({ kind: "campaign", id }, { accountId, statuses }, args, context);
      },
    },
    MessageConnection,
  ),
);

builder.queryFields((t) => ({
  campaign: t.prismaField({
    type: "Campaign",
    nullable: true,
    description: "A campaign by its id; null when it does not exist.",
    authScopes: { READ: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the campaign." }) },
    resolve: (query, _root, { id }, context) =>
      context.database.prisma.campaign.findUnique({
        ...query,
        where: { id: decodeId("Campaign", id), accountId: accountOf(context) },
      }),
  }),
  campaigns: t.connection(
    {
      type: Campaign,
      description: "Campaigns, newest first, without those whose recipients are still being read.",
      authScopes: { READ: true },
      args: { filter: t.arg({ type: CampaignFilter, description: "Which campaigns." }) },
      resolve: (_root, { filter, ...args }, context, info) => {
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        const where: Prisma.CampaignWhereInput = {
          accountId: accountOf(context),
          importedAt: { not: null },
          ...(filter?.status && { status: { in: [...filter.status] } }),
          ...(filter?.name != null && { name: requireStorable(filter.name, "filter.name") }),
        };
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.campaign.findMany({
            ...query,
            where: { AND: [where, { id }] },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    CampaignConnection,
  ),
}));
