import { maxTestNumbers, sendCampaignTest } from "../../../campaigns/intake/test-send.ts";
import { checkSettings, type CampaignInput } from "../../../campaigns/intake/settings.ts";
import { checkWindowOfCampaign } from "../../../campaigns/intake/window-check.ts";
import type { NewText } from "../../../campaigns/intake/compose.ts";
import { createCampaign } from "../../../campaigns/intake/create.ts";
import { updateCampaign } from "../../../campaigns/intake/update.ts";
import {
  CampaignEndedError,
  errorCodes,
  InvalidInputError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  KeyRestrictedError,
  NotFoundError,
  RowsRefusedError,
  SpendingCapError,
  VersionConflictError,
} from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import type { MessageStatus } from "../../../messages/model/status.ts";
import { accountOf, type Context } from "../../context.ts";
import { builder } from "../builder.ts";
import { MessagePriorityEnum, MessageStatusEnum, TextEncodingChoice } from "../messages/enums.ts";
import { asSent, SendMessagesSuccess } from "../messages/mutations.ts";
import { ErrorInterface } from "../errors.ts";
import { pageOfRefusals, RefusedRecipient, RefusedRecipientConnection } from "./refused-recipients.ts";
import { Campaign, timeOfDay } from "./campaign.ts";
import { CreateCampaignResult, creatingOf, SendWindowInput, toResult } from "./create.ts";
import { daysOf } from "./weekdays.ts";

const retried: readonly MessageStatus[] = ["UNDELIVERED", "EXPIRED", "REJECTED", "FAILED", "CANCELLED"];

const RetryCampaignInput = builder.inputType("RetryCampaignInput", {
  description: "A campaign whose messages are to be sent again, as another campaign.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the earlier campaign." }),
    status: t.field({
      type: [MessageStatusEnum],
      required: true,
      description: `Which of its messages: those that are one of ${retried.join(", ")} now.`,
    }),
    name: t.string({ description: "Your name for the new campaign; absent: that of the earlier one." }),
    scheduledAt: t.field({ type: "DateTime", description: "When to start; absent: at once." }),
    dryRun: t.boolean({ description: "Check and count everything, but store and send nothing." }),
    idempotencyKey: t.string({ description: "As for `createCampaign`." }),
  }),
});

const UpdateCampaignInput = builder.inputType("UpdateCampaignInput", {
  description: "What to change. What is absent stays; null takes a setting away.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the campaign." }),
    version: t.int({
      required: true,
      description: "The `version` that you saw. If it is another by now, nothing is changed.",
    }),
    name: t.string({ description: "Your name for it." }),
    text: t.string({
      description:
        "Another text, filled in, measured and priced anew for every recipient. Its placeholders may name any value or column that the " +
        "recipients were given with, if the campaign was created with a `scheduledAt`. Each message stays with its provider.",
    }),
    encoding: t.field({
      type: TextEncodingChoice,
      description: "Which encoding to use for each recipient's text; absent: as before, null: AUTO.",
    }),
    scheduledAt: t.field({ type: "DateTime", description: "When to start; null for at once." }),
    timeZone: t.string({ description: "IANA time zone for recipients whose own is not known." }),
    sendWindow: t.field({
      type: SendWindowInput,
      description: "When messages may be sent; null for any hour.",
    }),
    endsAt: t.field({ type: "DateTime", description: "When what is left is cancelled; null for never." }),
    messagesPerSecond: t.float({ description: "The most messages per second; null for no limit." }),
    priority: t.field({ type: MessagePriorityEnum, description: "Which campaign is sent first." }),
  }),
});

builder.objectType(RowsRefusedError, {
  name: "RowsRefusedError",
  description: errorCodes.ROWS_REFUSED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    refusedCount: t.exposeInt("refusedCount", { description: "How many recipients cannot get the text." }),
    refusedRecipients: t.connection(
      {
        type: RefusedRecipient,
        description: "The first of them. `row` is 0 where it is not known any more.",
        resolve: ({ refused }, args) => pageOfRefusals(args, refused),
      },
      RefusedRecipientConnection,
    ),
  }),
});

const UpdateCampaignResult = builder.errorUnion("UpdateCampaignResult", {
  description: "The changed campaign, or why it was not changed.",
  types: [
    Campaign,
    InvalidInputError,
    InvalidScheduleError,
    NotFoundError,
    CampaignEndedError,
    VersionConflictError,
    InvalidTextError,
    InvalidSenderError,
    KeyRestrictedError,
    SpendingCapError,
    RowsRefusedError,
  ],
});

const SendCampaignTestResult = builder.errorUnion("SendCampaignTestResult", {
  description: "A result for each number, or why none was sent.",
  types: [SendMessagesSuccess, InvalidInputError, NotFoundError],
});

async function find({ database, ...context }: Context, id: string) {
  const where = { id, accountId: accountOf(context) };
  const campaign = await database.prisma.campaign.findUnique({ where });
  if (campaign) return campaign;
  throw new NotFoundError("Campaign", id);
}

type Row = Awaited<ReturnType<typeof find>>;

const windowOf = ({
  windowStart,
  windowEnd,
  windowDays,
  observeHolidays,
}: Row): CampaignInput["sendWindow"] =>
  windowStart === null || windowEnd === null
    ? null
    : { start: timeOfDay(windowStart), end: timeOfDay(windowEnd), days: daysOf(windowDays), observeHolidays };

/** The settings of a campaign as an input that would make it. */
const inputOf = (row: Row): CampaignInput => {
  const { name, sender: from, text, providerId, timeZone, messagesPerSecond, priority } = row;
  return { name, from, text, providerId, timeZone, messagesPerSecond, priority, sendWindow: windowOf(row) };
};

type Encoding = CampaignInput["encoding"];

/** Another encoding is another text, too. */
function newTextOf(row: Row, text: string | null | undefined, encoding: Encoding): NewText | undefined {
  if (text === null)
    throw new InvalidInputError("text", "A campaign has a text. Leave `text` out to keep it.");
  if (text === undefined && encoding === undefined) return undefined;
  const kept = encoding === undefined ? (row.encoding as Encoding) : encoding;
  return { text: text ?? row.text, encoding: kept };
}

builder.mutationFields((t) => ({
  retryCampaign: t.field({
    type: CreateCampaignResult,
    description:
      "Sends the messages of a campaign that did not arrive again, as a new campaign with the same settings, texts and " +
      "references. What was delivered, or may still be, is left alone.",
    authScopes: { CAMPAIGNS: true },
    args: { input: t.arg({ type: RetryCampaignInput, required: true, description: "Which messages." }) },
    resolve: async (_root, { input: { id, status, name, ...more } }, context) => {
      const wrong = status.find((one) => !retried.includes(one));
      if (status.length === 0 || wrong !== undefined)
        throw new InvalidInputError("status", `\`status\` takes ${retried.join(", ")}.`);
      const earlier = await find(context, decodeId("Campaign", id));
      const input = { ...inputOf(earlier), ...more, name: name ?? earlier.name };
      const retry = { campaignId: earlier.id, statuses: status };
      return toResult(
        context,
        await createCampaign(creatingOf(context), accountOf(context), { ...input, retry }),
      );
    },
  }),
  updateCampaign: t.field({
    type: UpdateCampaignResult,
    description:
      "Changes the text, time, hours, speed or name of a campaign of which nothing was submitted: one that is SCHEDULED, or was " +
      "PAUSED before its first message. A new text is checked for every recipient first; once this returns, nothing is sent " +
      "with the old one. `messages` of a very large campaign may show it for some seconds.",
    authScopes: { CAMPAIGNS: true },
    args: { input: t.arg({ type: UpdateCampaignInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input: { id, version, text, encoding, ...changes } }, context) => {
      const row = await find(context, decodeId("Campaign", id));
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const { scheduledAt, endsAt } = row;
      const known = {
        ...inputOf(row),
        scheduledAt: scheduledAt && scheduledAt > context.clock.now() ? scheduledAt : null,
        endsAt,
      };
      const settings = checkSettings({ ...known, ...given }, context.clock.now());
      await checkWindowOfCampaign(context.database, row.id, settings, context.clock.now());
      const target = { accountId: accountOf(context), campaignId: row.id };
      const newText = newTextOf(row, text, encoding);
      await updateCampaign(creatingOf(context), target, version, { ...settings, text: newText });
      return Campaign.addBrand(await find(context, row.id));
    },
  }),
  sendCampaignTest: t.field({
    type: SendCampaignTestResult,
    description:
      "Sends the text of a campaign's first recipient to a few numbers of yours, as single messages. The campaign does not count " +
      "them. Schedule or pause the campaign to look at them first.",
    authScopes: { CAMPAIGNS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the campaign." }),
      to: t.arg.stringList({ required: true, description: `1 to ${maxTestNumbers} numbers.` }),
    },
    resolve: async (_root, { id, to }, context) => {
      const target = { accountId: accountOf(context), campaignId: decodeId("Campaign", id) };
      const { database, sender, viewer } = context;
      return {
        results: await asSent(
          context,
          await sendCampaignTest({ database, sender, within: viewer?.restrictions }, target, to),
        ),
      };
    },
  }),
}));
