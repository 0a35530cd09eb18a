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
  description: "The campaign as it is now, or why that cannot be done.",
  types: [Campaign, InvalidInputError, NotFoundError, CampaignEndedError],
});

const id = (what: string) =>
  ({ required: true, description: `Global id of the campaign to ${what}.` }) as const;

async function change(
  context: Context,
  shownId: string,
  apply: (context: Context, target: CampaignTarget) => Promise<void>,
) {
  const target = { accountId: accountOf(context), campaignId: decodeId("Campaign", shownId), shownId };
  await apply(context, target);
  const row = await context.database.prisma.campaign.findUniqueOrThrow({ where: { id: target.campaignId } });
  return Campaign.addBrand(row);
}

builder.mutationFields((t) => ({
  pauseCampaign: t.field({
    type: CampaignResult,
    description: "Stops handing over messages within a second; those under way end. Pausing twice is fine.",
    authScopes: { SEND: true },
    args: { id: t.arg.id(id("pause")) },
    resolve: (_root, args, context) => change(context, args.id, pauseCampaign),
  }),
  resumeCampaign: t.field({
    type: CampaignResult,
    description: "Goes on with a paused campaign. Resuming what runs is fine.",
    authScopes: { SEND: true },
    args: { id: t.arg.id(id("resume")) },
    resolve: (_root, args, context) => change(context, args.id, resumeCampaign),
  }),
  cancelCampaign: t.field({
    type: CampaignResult,
    description:
      "Stops a campaign for good: every message that was not handed over becomes CANCELLED. Cancelling twice is fine.",
    authScopes: { SEND: true },
    args: { id: t.arg.id(id("cancel")) },
    resolve: (_root, args, context) => change(context, args.id, cancelCampaign),
  }),
}));

const fastest = 20;

builder.subscriptionField("campaignProgress", (t) =>
  t.field({
    type: Campaign,
    description:
      "A campaign: its present state at once, then the newest after each change, never more often than asked, and " +
      "always the last.",
    authScopes: { READ: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the campaign." }),
      maxPerSecond: t.arg.float({
        required: true,
        defaultValue: 4,
        description: `Frames per second at most, up to ${fastest}.`,
      }),
    },
    subscribe: async (_root, { id: shownId, maxPerSecond }, context) => {
      const campaignId = decodeId("Campaign", shownId);
      if (!(maxPerSecond > 0 && maxPerSecond <= fastest)) {
        throw new InvalidInputError(
          "maxPerSecond",
          `\`maxPerSecond\` must be above 0 and at most ${fastest}.`,
        );
      }
      const where = { id: campaignId, accountId: accountOf(context) };
      if ((await context.database.prisma.campaign.count({ where })) === 0)
        throw new NotFoundError("campaign", shownId);
      return context.streams.open((signal) => context.campaigns.watch(campaignId, maxPerSecond, signal));
    },
    resolve: (campaign) => campaign,
  }),
);
