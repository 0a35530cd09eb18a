import { textCost } from "../limits.ts";
import type { Campaign as CampaignRow } from "../../../database/generated/client.ts";
import type { CampaignProgress, MessageCounts, ProviderCounts } from "../../../campaigns/progress.ts";
import { messageStatuses, type MessageStatus } from "../../../messages/model/status.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { encodeId } from "../../../lib/global-id.ts";
import { MessagePriorityEnum } from "../messages/enums.ts";
import { Provider } from "../providers/provider.ts";
import { daysOf, WeekdayEnum } from "./weekdays.ts";
import { Money, money } from "../money.ts";

/** A campaign row. In a stream it also carries its progress. */
type CampaignShape = CampaignRow & { progress?: CampaignProgress };

export const CampaignStatusEnum = builder.enumType("CampaignStatus", {
  description: "The status of a campaign.",
  values: {
    SCHEDULED: { description: "Held until `scheduledAt`." },
    RUNNING: { description: "Its messages are being submitted to their providers." },
    PAUSED: { description: "Nothing more is submitted until it is resumed." },
    COMPLETED: {
      description: "Every message was submitted or has ended. Receipts may still arrive, and are counted.",
    },
    CANCELLED: { description: "Stopped for good: messages that were not submitted are CANCELLED." },
  } as const,
});

const fieldOf = (status: MessageStatus): string =>
  status.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

const CampaignCounts = builder.objectRef<MessageCounts>("CampaignCounts").implement({
  description: "How many messages are in each status. The numbers always add up to the total.",
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

const CampaignOfProvider = builder.objectRef<ProviderCounts>("CampaignOfProvider").implement({
  description: "The messages of a campaign that one provider has.",
  fields: (t) => ({
    provider: t.field({
      type: Provider,
      nullable: true,
      description: "The provider; null for recipients that are not messages yet.",
      resolve: ({ providerId }, _args, context) =>
        providerId === null ? null : context.reads.provider(accountOf(context), providerId),
    }),
    counts: t.field({
      type: CampaignCounts,
      description: "How many of them are in each status.",
      resolve: (counts) => counts,
    }),
  }),
});

const SendWindow = builder
  .objectRef<{ start: number; end: number; days: number | null; observeHolidays: boolean }>("SendWindow")
  .implement({
    description: "The hours in which messages may be sent, in the recipient's own time zone.",
    fields: (t) => ({
      start: t.string({
        description: "Start of the window, such as `09:00`.",
        resolve: ({ start }) => timeOfDay(start),
      }),
      end: t.string({
        description: "End of the window, such as `20:00`.",
        resolve: ({ end }) => timeOfDay(end),
      }),
      days: t.field({
        type: [WeekdayEnum],
        nullable: true,
        description: "The days on which it opens; null for every day.",
        resolve: ({ days }) => daysOf(days),
      }),
      observeHolidays: t.exposeBoolean("observeHolidays", {
        description: "Whether it stays closed on public holidays of the recipient's country.",
      }),
    }),
  });

export function timeOfDay(minutes: number): string {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** Messages that were not submitted yet. */
const pending = ({ counts }: CampaignProgress): number =>
  counts.SCHEDULED + counts.QUEUED + counts.SUBMITTING;

export const Campaign = builder.prismaNode("Campaign", {
  description: "One text to many recipients.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for it." }),
    status: t.expose("status", { type: CampaignStatusEnum, description: "Its status." }),
    from: t.exposeString("sender", { description: "The sender that recipients see." }),
    text: t.exposeString("text", {
      description: "The text as given, with its placeholders.",
      extensions: { cost: { own: textCost } },
    }),
    provider: t.relation("provider", {
      nullable: true,
      description: "The requested provider; null when each message is routed.",
    }),
    priority: t.expose("priority", {
      type: MessagePriorityEnum,
      description: "Decides which campaign is sent first. Single messages go before all campaigns.",
    }),
    scheduledAt: t.expose("scheduledAt", {
      type: "DateTime",
      nullable: true,
      description: "When it should start; null for at once.",
    }),
    timeZone: t.exposeString("timeZone", {
      nullable: true,
      description: "IANA time zone for recipients whose own time zone is not known.",
    }),
    sendWindow: t.field({
      type: SendWindow,
      nullable: true,
      description: "When messages may be sent; null for any hour.",
      resolve: ({ windowStart: start, windowEnd: end, windowDays: days, observeHolidays }) =>
        start === null || end === null ? null : { start, end, days, observeHolidays },
    }),
    endsAt: t.expose("endsAt", {
      type: "DateTime",
      nullable: true,
      description: "When what is left is cancelled; null for never.",
    }),
    version: t.exposeInt("version", { description: "Increases by one with every `updateCampaign`." }),
    messagesPerSecondLimit: t.exposeFloat("messagesPerSecond", {
      nullable: true,
      description: "The most messages per second; null for as many as the providers accept.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
    startedAt: t.expose("startedAt", {
      type: "DateTime",
      nullable: true,
      description: "When sending began; null before that.",
    }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was completed or cancelled; null before that.",
    }),
    counts: t.field({
      type: CampaignCounts,
      description: "How many of its messages are in each status: exact, and all from the same moment.",
      resolve: (campaign: CampaignShape, _args, { campaignProgress }) =>
        campaign.progress ?? campaignProgress.load(campaign.id),
    }),
    byProvider: t.field({
      type: [CampaignOfProvider],
      description:
        "`counts` by the provider that has the messages, most first; a message that went to another provider is counted " +
        "there. They add up to `counts`, except for campaigns that ran when this field came.",
      extensions: { cost: { multiplier: 10 } },
      resolve: async (campaign: CampaignShape, _args, { campaignProgress }) =>
        (campaign.progress ?? (await campaignProgress.load(campaign.id))).providers,
    }),
    refusedCount: t.exposeInt("refused", { description: "How many rows could not become a message." }),
    suppressedCount: t.exposeInt("suppressed", {
      description:
        "How many recipients get nothing because they are not to be texted (see `suppressions`): refused rows, and " +
        "messages that became CANCELLED because their number was put on the list later.",
    }),
    duplicatesRemoved: t.exposeInt("duplicatesRemoved", {
      description: "How many recipients were left out because their number was already in the list.",
    }),
    estimatedCost: t.field({
      type: [Money],
      description:
        "The estimated cost when it was accepted, or got another text, one sum per currency. It does not change when messages go " +
        "to another provider.",
      select: { estimates: { orderBy: { currency: "asc" } } },
      resolve: ({ estimates }) => estimates.map(({ amount, currency }) => ({ amount, currency })),
    }),
    cost: t.field({
      type: [Money],
      description: "What the providers have charged so far, one sum per currency.",
      resolve: async (campaign: CampaignShape, _args, { campaignProgress }) => {
        const { costs } = campaign.progress ?? (await campaignProgress.load(campaign.id));
        return costs.flatMap(({ amount, currency }) => money(amount, currency) ?? []);
      },
    }),
    messagesCsvPath: t.string({
      description:
        "Path of a CSV file with its messages. Get it from this server with the same `Authorization` header. Add " +
        "`?status=FAILED` to select a status; repeat it for several. `?delimiter=;` is for spreadsheets in countries " +
        "with a decimal comma. As the `file` of a new campaign it gives the same recipients and references.",
      resolve: ({ id }) => `/campaigns/${encodeURIComponent(encodeId("Campaign", id))}/messages.csv`,
    }),
    messagesPerSecond: t.exposeFloat("rate", {
      description:
        "Messages submitted per second: recently while it runs, on average once it is completed, 0 while it is paused.",
    }),
    estimatedCompletionAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the last message will be submitted at the measured rate; null unless it is running.",
      resolve: async (campaign: CampaignShape, _args, { campaignProgress, clock }) => {
        if (campaign.status !== "RUNNING" || campaign.rate <= 0) return null;
        const progress = campaign.progress ?? (await campaignProgress.load(campaign.id));
        return new Date(clock.now().getTime() + (pending(progress) / campaign.rate) * 1000);
      },
    }),
  }),
});
