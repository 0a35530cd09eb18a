import type { Campaign as CampaignRow } from "../../../database/generated/client.ts";
import type { CampaignProgress } from "../../../campaigns/progress.ts";
import { messageStatuses, type MessageStatus } from "../../../messages/model/status.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { encodeId } from "../../../lib/global-id.ts";
import { MessagePriorityEnum } from "../messages/enums.ts";
import { Money, money } from "../money.ts";

/** A campaign row; one that a stream made also carries its progress. */
export type CampaignShape = CampaignRow & { progress?: CampaignProgress };

export const CampaignStatusEnum = builder.enumType("CampaignStatus", {
  description: "Where a campaign stands.",
  values: {
    SCHEDULED: { description: "Held until `scheduledAt`." },
    RUNNING: { description: "Its messages are being handed to their providers." },
    PAUSED: { description: "Nothing more is handed over until it is resumed." },
    COMPLETED: {
      description:
        "Every message was handed over, or has ended. Receipts may still come in, and are counted.",
    },
    CANCELLED: { description: "Stopped for good: what was not handed over is CANCELLED." },
  } as const,
});

const fieldOf = (status: MessageStatus): string =>
  status.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

const CampaignCounts = builder.objectRef<CampaignProgress>("CampaignCounts").implement({
  description: "How many messages are in each status. They add up to the total, in every answer.",
  fields: (t) => ({
    total: t.exposeInt("total", { description: "All messages." }),
    ...Object.fromEntries(
      messageStatuses.map((status) => [
        fieldOf(status),
        t.int({ description: `Messages that are ${status}.`, resolve: ({ counts }) => counts[status] }),
      ]),
    ),
  }),
});

const SendWindow = builder.objectRef<{ start: number; end: number }>("SendWindow").implement({
  description: "The hours in which messages may be sent, in the recipient's own time zone.",
  fields: (t) => ({
    start: t.string({
      description: "From this time of day on, such as `09:00`.",
      resolve: ({ start }) => timeOfDay(start),
    }),
    end: t.string({
      description: "Before this time of day, such as `20:00`.",
      resolve: ({ end }) => timeOfDay(end),
    }),
  }),
});

function timeOfDay(minutes: number): string {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** What has not left our hands. */
const pending = ({ counts }: CampaignProgress): number =>
  counts.SCHEDULED + counts.QUEUED + counts.SUBMITTING;

export const Campaign = builder.prismaNode("Campaign", {
  description: "One text to many recipients.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for it." }),
    status: t.expose("status", { type: CampaignStatusEnum, description: "Where it stands." }),
    from: t.exposeString("sender", { description: "The sender the recipients see." }),
    text: t.exposeString("text", { description: "The text as it was given, with its placeholders." }),
    provider: t.relation("provider", {
      nullable: true,
      description:
        "The provider asked for; null when each message goes to the preferred one that can carry it.",
    }),
    priority: t.expose("priority", {
      type: MessagePriorityEnum,
      description: "Which campaign goes first. Single messages go before all of them.",
    }),
    scheduledAt: t.expose("scheduledAt", {
      type: "DateTime",
      nullable: true,
      description: "When it is to start; null for at once.",
    }),
    timeZone: t.exposeString("timeZone", {
      nullable: true,
      description: "Its own IANA time zone: the send window goes by it where a number's zone is not known.",
    }),
    sendWindow: t.field({
      type: SendWindow,
      nullable: true,
      description: "When messages may be sent; null for at any hour.",
      resolve: ({ windowStart: start, windowEnd: end }) =>
        start === null || end === null ? null : { start, end },
    }),
    messagesPerSecondLimit: t.exposeFloat("messagesPerSecond", {
      nullable: true,
      description:
        "How many messages per second it may send at most; null for as many as the providers take.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
    startedAt: t.expose("startedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it began to send; null before.",
    }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was completed or cancelled; null before.",
    }),
    counts: t.field({
      type: CampaignCounts,
      description: "How many of its messages are in each status: exact, and all at one moment.",
      resolve: (campaign: CampaignShape, _args, { campaignProgress }) =>
        campaign.progress ?? campaignProgress.load(campaign.id),
    }),
    refusedCount: t.exposeInt("refused", { description: "Rows that could not become a message." }),
    duplicatesRemoved: t.exposeInt("duplicatesRemoved", {
      description: "Recipients left out because their number was there already.",
    }),
    estimatedCost: t.field({
      type: [Money],
      description:
        "What it was estimated to cost when it was accepted, a sum for each currency; not changed by messages that go " +
        "to another provider.",
      select: { estimates: { orderBy: { currency: "asc" } } },
      resolve: ({ estimates }) => estimates.map(({ amount, currency }) => ({ amount, currency })),
    }),
    cost: t.field({
      type: [Money],
      description: "What the providers have charged so far, a sum for each currency.",
      resolve: async (campaign: CampaignShape, _args, { campaignProgress }) => {
        const { costs } = campaign.progress ?? (await campaignProgress.load(campaign.id));
        return costs.flatMap(({ amount, currency }) => money(amount, currency) ?? []);
      },
    }),
    messagesCsvPath: t.string({
      description:
        "Path of a CSV file of its messages on this server, for a GET with the same `Authorization` header. Add " +
        "`?status=FAILED` for those in a status; it may be given several times. `?delimiter=;` is for spreadsheets of countries " +
        "with a decimal comma. As a `file` of a new campaign it gives the same recipients and references again.",
      resolve: ({ id }) => `/campaigns/${encodeURIComponent(encodeId("Campaign", id))}/messages.csv`,
    }),
    messagesPerSecond: t.exposeFloat("rate", {
      description:
        "Messages handed over per second, measured: of late while it runs, on average once it is completed; 0 while it is paused.",
    }),
    estimatedCompletionAt: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "When the last message will be handed over at the measured rate; null unless it is running.",
      resolve: async (campaign: CampaignShape, _args, { campaignProgress, clock }) => {
        if (campaign.status !== "RUNNING" || campaign.rate <= 0) return null;
        const progress = campaign.progress ?? (await campaignProgress.load(campaign.id));
        return new Date(clock.now().getTime() + (pending(progress) / campaign.rate) * 1000);
      },
    }),
  }),
});
