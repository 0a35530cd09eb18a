import { queryFromInfo } from "@pothos/plugin-prisma";
import { createCampaign } from "../../../campaigns/intake/create.ts";
import {
  previewedMessages,
  previewedRefusals,
  type CampaignPreview as CampaignPreviewShape,
  type CountryPreview,
  type PreviewedMessage,
} from "../../../campaigns/intake/preview.ts";
import { maxInlineRecipients } from "../../../campaigns/intake/recipients.ts";
import type { CampaignInput } from "../../../campaigns/intake/settings.ts";
import {
  errorCodes,
  IdempotencyConflictError,
  InvalidInputError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  NoRecipientsError,
  NoRouteError,
  NotFoundError,
  SpendingCapError,
  UnsupportedFeatureError,
} from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { Campaign } from "./campaign.ts";
import { accountOf } from "../../context.ts";
import { ErrorInterface } from "../errors.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";
import { MessagePriorityEnum, TextEncodingEnum } from "../messages/enums.ts";
import { Money } from "../money.ts";
import { pageOfRefusals, RefusedRecipient, RefusedRecipientConnection } from "./refused-recipients.ts";

const CampaignRecipientInput = builder.inputType("CampaignRecipientInput", {
  description: "A recipient of a campaign.",
  fields: (t) => ({
    to: t.string({ required: true, description: "The recipient in international form: `+421 901 000 000`." }),
    clientRef: t.string({ description: "Your own reference of this message, 1 to 255 characters." }),
    values: t.field({
      type: "JSONObject",
      description: "What the text's placeholders stand for: texts, numbers or truth values by their names.",
    }),
  }),
});

const SendWindowInput = builder.inputType("SendWindowInput", {
  description:
    "The hours in which messages may be sent, in the time zone of the recipient's country. A window that ends before " +
    "it starts goes on until the next day.",
  fields: (t) => ({
    start: t.string({ required: true, description: "The first minute, `00:00` to `23:59`." }),
    end: t.string({ required: true, description: "The minute after the last one, `00:00` to `24:00`." }),
  }),
});

const CreateCampaignInput = builder.inputType("CreateCampaignInput", {
  description: "One text and its recipients.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Your name for it, 1 to 255 characters." }),
    from: t.string({ description: "The sender the recipients see; absent: the provider's default sender." }),
    text: t.string({
      required: true,
      description:
        "The text. `{{first_name}}` stands for a recipient's value of that name; for the braces themselves write " +
        "`\\{{`. Segments are counted for each recipient.",
    }),
    recipients: t.field({
      type: [CampaignRecipientInput],
      description: `1 to ${maxInlineRecipients} recipients. Exactly one of \`recipients\` and \`file\`.`,
    }),
    file: t.field({
      type: "Upload",
      description:
        "A CSV file in UTF-8 with a header row; the cells are parted by commas, semicolons or tabs. The column `to` " +
        "is required, `clientRef` optional, all others are values by their names; an empty cell is no value.",
    }),
    providerId: t.id({ description: "The provider to carry it; absent: the preferred one that can." }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "The moment to begin, whatever `timeZone` says; absent: at once.",
    }),
    timeZone: t.string({
      description:
        "The campaign's own IANA time zone, such as `Europe/Bratislava`: the send window goes by it where a number's " +
        "country is not known. It does not change `scheduledAt`, which is a moment.",
    }),
    sendWindow: t.field({
      type: SendWindowInput,
      description:
        "When messages may be sent, by the clock of each recipient; absent: at any hour. A number that may be in several time " +
        "zones gets its message when the window is open in all of them, and is refused when it never is.",
    }),
    messagesPerSecond: t.float({
      description: "How many messages per second it may send at most; absent: as many as the providers take.",
    }),
    priority: t.field({
      type: MessagePriorityEnum,
      description: "Which campaign goes first. Single messages go before all of them.",
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description:
        "Check and count everything, but store and send nothing: the answer is a `CampaignPreview`.",
    }),
    idempotencyKey: t.string({
      description:
        "Makes a repeat harmless: the same key with the same input returns the same campaign for 24 hours, even while " +
        "its recipients still come in; with another input it is an `IdempotencyConflictError`. What a file holds " +
        "does not count as input.",
    }),
  }),
});

const CampaignCountry = builder.objectRef<CountryPreview>("CampaignCountry").implement({
  description: "What a campaign would be in one country.",
  fields: (t) => ({
    country: t.exposeString("country", {
      nullable: true,
      description: "ISO 3166-1 alpha-2; null where a calling code is shared and the numbers do not tell.",
    }),
    recipients: t.exposeInt("recipients", { description: "Messages to it." }),
    segments: t.exposeInt("segments", { description: "Segments of these messages together." }),
    estimatedCost: t.expose("estimatedCost", {
      type: [Money],
      description: "What they would cost, a sum for each currency; those without a rate are not in it.",
    }),
  }),
});

const PreviewedCampaignMessage = builder.objectRef<PreviewedMessage>("CampaignMessagePreview").implement({
  description: "A message of a campaign as it would be sent.",
  fields: (t) => ({
    to: t.exposeString("to", { description: "The recipient in E.164." }),
    text: t.exposeString("text", { description: "The text with its values." }),
    encoding: t.expose("encoding", { type: TextEncodingEnum, description: "How it would travel." }),
    segments: t.exposeInt("segments", { description: "Segments it would be sent and charged as." }),
  }),
});

const lookalike = ({ name, code, message, cap }: SpendingCapError): SpendingCapError => ({
  name,
  code,
  message,
  cap,
});

const CampaignPreview = builder.objectRef<CampaignPreviewShape>("CampaignPreview").implement({
  description: "What a campaign would be. Nothing is stored.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "countries" in value,
  fields: (t) => ({
    total: t.exposeInt("total", { description: "Messages it would send." }),
    duplicatesRemoved: t.exposeInt("duplicatesRemoved", {
      description: "Recipients left out because their number was there already.",
    }),
    refused: t.exposeInt("refused", {
      description: "Rows that could not become a message.",
      deprecationReason: "`refusedCount` has the same name everywhere.",
    }),
    refusedCount: t.exposeInt("refused", { description: "Rows that could not become a message." }),
    warnings: t.exposeStringList("warnings", {
      description:
        "What is allowed and probably not meant, in plain words: a placeholder with single braces, long messages.",
    }),
    segments: t.exposeInt("segments", { description: "Segments of all messages." }),
    estimatedCost: t.expose("estimatedCost", {
      type: [Money],
      description: "What it would cost, a sum for each currency; messages without a rate are not in it.",
    }),
    countries: t.expose("countries", {
      type: [CampaignCountry],
      description: "The same for each country, those with the most recipients first.",
    }),
    refusedRecipients: t.connection(
      {
        type: RefusedRecipient,
        description: `The first ${previewedRefusals} refused rows.`,
        resolve: ({ refusedRecipients }, args) => pageOfRefusals(args, refusedRecipients),
      },
      RefusedRecipientConnection,
    ),
    messages: t.expose("messages", {
      type: [PreviewedCampaignMessage],
      description: `The first ${previewedMessages} messages.`,
    }),
    spendingCapError: t.field({
      type: SpendingCapError,
      nullable: true,
      description: "Why all of it would be refused now: a spending cap; null when there is room.",
      // An error that is returned is thrown: this only looks like one.
      resolve: ({ spendingCapError: error }) => error && lookalike(error),
    }),
  }),
});

builder.objectType(NoRecipientsError, {
  name: "NoRecipientsError",
  description: errorCodes.NO_RECIPIENTS,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    refusedCount: t.exposeInt("refusedCount", { description: "How many rows were refused: all of them." }),
    refusedRecipients: t.connection(
      {
        type: RefusedRecipient,
        description: "The first of them.",
        resolve: ({ refused }, args) => pageOfRefusals(args, refused),
      },
      RefusedRecipientConnection,
    ),
    refused: t.expose("refused", {
      type: [RefusedRecipient],
      description: "The first of them.",
      deprecationReason: "`refusedRecipients` has the same name and shape everywhere.",
    }),
  }),
});

const CreateCampaignResult = builder.errorUnion("CreateCampaignResult", {
  description: "The campaign as stored, what it would be, or why there is none.",
  types: [
    Campaign,
    CampaignPreview,
    InvalidTextError,
    InvalidSenderError,
    InvalidScheduleError,
    InvalidInputError,
    NoRecipientsError,
    NotFoundError,
    NoRouteError,
    SpendingCapError,
    UnsupportedFeatureError,
    IdempotencyConflictError,
  ],
});

function toCampaignInput(input: typeof CreateCampaignInput.$inferInput): CampaignInput {
  const { providerId } = input;
  return { ...input, providerId: providerId == null ? null : decodeId("Provider", providerId, "providerId") };
}

builder.mutationField("createCampaign", (t) =>
  t.field({
    type: CreateCampaignResult,
    description:
      "Stores a campaign and sends it. Numbers that come twice count once; rows that cannot become a message are " +
      "refused one by one, see `Campaign.refusedRecipients`. What this returns is committed.",
    authScopes: { SEND: true },
    args: { input: t.arg({ type: CreateCampaignInput, required: true, description: "The campaign." }) },
    resolve: async (_root, { input }, context, info) => {
      const outcome = await createCampaign(context, accountOf(context), toCampaignInput(input)).catch(
        showIds,
      );
      if ("preview" in outcome) return outcome.preview;
      const query = queryFromInfo({ context, info, typeName: "Campaign" });
      const where = { id: outcome.campaignId };
      return Campaign.addBrand(await context.database.prisma.campaign.findUniqueOrThrow({ ...query, where }));
    },
  }),
);

/** Below the API ids are local ones: the caller reads the id that was given. */
function showIds(error: unknown): never {
  if (error instanceof NotFoundError) throw new NotFoundError(error.what, encodeId("Provider", error.id));
  throw error;
}
