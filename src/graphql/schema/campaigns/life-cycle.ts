import {
  cancelCampaign,
  pauseCampaign,
  resumeCampaign,
  type CampaignTarget,
} from "../../../campaigns/life-cycle.ts";
import { CampaignEndedError, InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { Campaign } from "./campaign.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";

const CampaignResult = builder.errorUnion("CampaignResult", {
  description: "The campaign after the change, or why it was not changed.",
  types: [Campaign, InvalidInputError, NotFoundError, CampaignEndedError],
});

const id = (what: string) =>
  ({ required: true, description: `Global id of the campaign to ${what}.` }) as const;

async function change(
  context: Context,
  globalId: string,
  apply: (context: Context, target: CampaignTarget) => Promise<void>,
) {
  const target = { accountId: accountOf(context), campaignId: decodeId("Campaign", globalId) };
  await apply(context, target);
  const row = await context.database.prisma.campaign.findUniqueOrThrow({ where: { id: target.campaignId } });
  return Campaign.addBrand(row);
}

builder.mutationFields((t) => ({
  pauseCampaign: t.field({
    type: CampaignResult,
    description:
      "Stops submitting messages within a second; submissions under way are finished. Pausing twice is fine.",
    authScopes: { CAMPAIGNS: true },
    args: { id: t.arg.id(id("pause")) },
    resolve: (_root, args, context) => change(context, args.id, pauseCampaign),
  }),
  resumeCampaign: t.field({
    type: CampaignResult,
    description: "Resumes a paused campaign. Resuming a running one is fine.",
    authScopes: { CAMPAIGNS: true },
    args: { id: t.arg.id(id("resume")) },
    resolve: (_root, args, context) => change(context, args.id, resumeCampaign),
  }),
  cancelCampaign: t.field({
    type: CampaignResult,
    description:
      "Stops a campaign for good: every message that was not submitted becomes CANCELLED. Cancelling twice is fine.",
    authScopes: { CAMPAIGNS: true },
    args: { id: t.arg.id(id("cancel")) },
    resolve: (_root, args, context) => change(context, args.id, cancelCampaign),
  }),
}));

const fastest = 20;

builder.subscriptionField("campaignProgress", (t) =>
  t.field({
    type: Campaign,
    description:
      "The present state of a campaign at once, then its newest state after changes, at most as often as asked. The last " +
      "state is always sent.",
    authScopes: { READ: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the campaign." }),
      maxPerSecond: t.arg.float({
        required: true,
        defaultValue: 4,
        description: `The most frames per second, up to ${fastest}.`,
      }),
    },
    subscribe: async (_root, { maxPerSecond, ...args }, context) => {
      const campaignId = decodeId("Campaign", args.id);
      if (!(maxPerSecond > 0 && maxPerSecond <= fastest)) {
        throw new InvalidInputError(
          "maxPerSecond",
          `\`maxPerSecond\` must be above 0 and at most ${fastest}.`,
        );
      }
      const where = { id: campaignId, accountId: accountOf(context) };
      if ((await context.database.prisma.campaign.count({ where })) === 0)
        throw new NotFoundError("Campaign", campaignId);
      return context.streams.open((signal) => context.campaigns.watch(campaignId, maxPerSecond, signal));
    },
    resolve: (campaign) => campaign,
  }),
);
