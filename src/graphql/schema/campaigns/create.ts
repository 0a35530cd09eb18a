import { textCost } from "../limits.ts";
import { queryFromInfo } from "@pothos/plugin-prisma";
import { createCampaign } from "../../../campaigns/intake/create.ts";
import {
  previewedDuplicates,
  previewedMessages,
  previewedRefusals,
  type CampaignPreview as CampaignPreviewShape,
  type CountryPreview,
  type PreviewedMessage,
} from "../../../campaigns/intake/preview.ts";
import { maxInlineRecipients } from "../../../campaigns/intake/recipients.ts";
import { maxRowsInFile } from "../../../campaigns/intake/refused-file.ts";
import type { CampaignInput } from "../../../campaigns/intake/settings.ts";
import {
  errorCodes,
  IdempotencyConflictError,
  InvalidInputError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  KeyRestrictedError,
  NoRecipientsError,
  NoRouteError,
  NotFoundError,
  QuotaExceededError,
  SpendingCapError,
  UnsupportedFeatureError,
} from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { DuplicateHandlingEnum, DuplicateRecipient } from "./duplicate-recipients.ts";
import { CampaignFile } from "./file.ts";
import { Campaign } from "./campaign.ts";
import { accountOf, type Context } from "../../context.ts";
import { WeekdayEnum } from "./weekdays.ts";
import { ErrorInterface } from "../errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { MessagePriorityEnum, TextEncodingChoice, TextEncodingEnum } from "../messages/enums.ts";
import { Money } from "../money.ts";
import { pageOfRefusals, RefusedRecipient, RefusedRecipientConnection } from "./refused-recipients.ts";

const CampaignRecipientInput = builder.inputType("CampaignRecipientInput", {
  description: "A recipient of a campaign.",
  fields: (t) => ({
    to: t.string({
      required: true,
      description:
        "The recipient in international form: `+421 901 000 000`. With a `defaultCountry`, also as within that country.",
    }),
    clientRef: t.string({ description: "Your own reference for this message, 1 to 255 characters." }),
    values: t.field({
      type: "JSONObject",
      description: "Values for the placeholders of the text, by name: strings, numbers or booleans.",
    }),
  }),
});

export const SendWindowInput = builder.inputType("SendWindowInput", {
  description:
    "The hours in which messages may be sent, in the recipient's time zone. A window that ends before " +
    "it starts continues into the next day.",
  fields: (t) => ({
    start: t.string({ required: true, description: "The first minute, `00:00` to `23:59`." }),
    end: t.string({ required: true, description: "The minute after the last one, `00:00` to `24:00`." }),
    days: t.field({
      type: [WeekdayEnum],
      description:
        "The days on which it opens, in the recipient's time zone; absent: every day. What lies after midnight belongs to the day " +
        "before.",
    }),
    observeHolidays: t.boolean({
      description: "Whether it stays closed on public holidays of the recipient's whole country; absent: no.",
    }),
  }),
});

const ColumnInput = builder.inputType("ColumnInput", {
  description: "A column of a file that is to be read under another name.",
  fields: (t) => ({
    column: t.string({ required: true, description: "Its name in the file." }),
    as: t.string({ required: true, description: "`to`, `clientRef`, or the name of a placeholder." }),
  }),
});

const CreateCampaignInput = builder.inputType("CreateCampaignInput", {
  description: "One text and its recipients.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Your name for it, 1 to 255 characters." }),
    from: t.string({ description: "The sender that recipients see; absent: the provider's default sender." }),
    text: t.string({
      required: true,
      description:
        "The text. `{{first_name}}` is replaced by the recipient's value of that name. To send the braces themselves, write " +
        "`\\{{`. Segments are counted separately for each recipient.",
    }),
    recipients: t.field({
      type: [CampaignRecipientInput],
      description: `1 to ${maxInlineRecipients} recipients. Exactly one of \`recipients\` and \`file\`.`,
    }),
    file: t.field({
      type: "Upload",
      description:
        "A CSV file or a workbook (XLSX) with a header row. The encoding of CSV is found, and so is whether commas, semicolons, " +
        "tabs or bars separate its cells. The column `to` is required and `clientRef` is optional. Every other column holds values of " +
        "that name; an empty cell is no value. A dry run says how the file was read.",
    }),
    defaultCountry: t.string({
      description:
        "The country of numbers without a country code, ISO 3166-1 alpha-2; absent: `defaultCountry` of `sendingSettings`.",
    }),
    duplicates: t.field({
      type: DuplicateHandlingEnum,
      description: "What is done with a number that is in the list again; absent: FIRST.",
    }),
    sheet: t.string({ description: "The sheet of a workbook; absent: the first that is not hidden." }),
    fileEncoding: t.string({
      description: "The encoding of a CSV file, such as `windows-1250` (a label of WHATWG); absent: found.",
    }),
    columns: t.field({
      type: [ColumnInput],
      description:
        "For a file whose columns have other names: which of them is `to`, say. Names match whatever their case, spaces and underscores.",
    }),
    providerId: t.id({ description: "The provider for all messages; absent: each message is routed." }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "When to start; `timeZone` does not change it. Absent: at once.",
    }),
    timeZone: t.string({
      description:
        "IANA time zone, such as `Europe/Bratislava`, for the send window of recipients whose " +
        "country is not known. It does not change `scheduledAt`.",
    }),
    sendWindow: t.field({
      type: SendWindowInput,
      description:
        "When messages may be sent, in each recipient's local time; absent: any hour. A number that may be in several time " +
        "zones gets its message while the window is open in all of them. If that never happens, it is refused.",
    }),
    endsAt: t.field({
      type: "DateTime",
      description: "When what is left is cancelled, as by `cancelCampaign`; absent: never.",
    }),
    encoding: t.field({
      type: TextEncodingChoice,
      description: "Which encoding to use for each recipient's text; absent: AUTO.",
    }),
    messagesPerSecond: t.float({
      description: "The most messages per second; absent: as many as the providers accept.",
    }),
    priority: t.field({
      type: MessagePriorityEnum,
      description: "Decides which campaign is sent first. Single messages go before all campaigns.",
    }),
    dryRun: t.boolean({
      defaultValue: false,
      description:
        "Check and count everything, but store and send nothing. The answer is a `CampaignPreview`.",
    }),
    idempotencyKey: t.string({
      description:
        "Makes it safe to repeat a request. For 24 hours, the same key with the same input returns the same campaign. " +
        "While its recipients are still being read, the answer waits for them, or is `UNAVAILABLE` if that takes long. With other " +
        "input it is an `IdempotencyConflictError`. The content of a file is not compared.",
    }),
  }),
});

const CampaignCountry = builder.objectRef<CountryPreview>("CampaignCountry").implement({
  description: "The part of a campaign that goes to one country.",
  fields: (t) => ({
    country: t.exposeString("country", {
      nullable: true,
      description:
        "ISO 3166-1 alpha-2; null when countries share a calling code and the number does not show which.",
    }),
    recipients: t.exposeInt("recipients", { description: "How many messages." }),
    segments: t.exposeInt("segments", { description: "Total segments of these messages." }),
    estimatedCost: t.expose("estimatedCost", {
      type: [Money],
      description: "What they would cost, one sum per currency. Messages without a rate are not included.",
    }),
  }),
});

const PreviewedCampaignMessage = builder.objectRef<PreviewedMessage>("CampaignMessagePreview").implement({
  description: "A message of a campaign, as it would be sent.",
  fields: (t) => ({
    to: t.exposeString("to", { description: "The recipient in E.164." }),
    text: t.exposeString("text", {
      description: "The text with its values filled in.",
      extensions: { cost: { own: textCost } },
    }),
    encoding: t.expose("encoding", { type: TextEncodingEnum, description: "Its encoding." }),
    segments: t.exposeInt("segments", { description: "How many segments would be sent and charged." }),
  }),
});

const lookalike = ({ name, code, message, cap }: SpendingCapError): SpendingCapError => ({
  name,
  code,
  message,
  messageFor: () => message,
  cap,
});

const CampaignPreview = builder.objectRef<CampaignPreviewShape>("CampaignPreview").implement({
  description: "A preview of a campaign. Nothing is stored.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "countries" in value,
  fields: (t) => ({
    total: t.exposeInt("total", { description: "How many messages it would send." }),
    duplicatesRemoved: t.exposeInt("duplicatesRemoved", {
      description: "How many recipients are left out because their number is already in the list.",
    }),
    refused: t.exposeInt("refused", {
      description: "How many rows cannot become a message.",
      deprecationReason: "`refusedCount` has the same name everywhere.",
    }),
    refusedCount: t.exposeInt("refused", { description: "How many rows cannot become a message." }),
    suppressedCount: t.exposeInt("suppressed", {
      description:
        "Of the refused rows, how many have a number that is not to be texted (see `suppressions`).",
    }),
    warnings: t.exposeStringList("warnings", {
      description:
        "Warnings about valid input that is probably a mistake, such as a placeholder with single braces or a long text.",
    }),
    segments: t.exposeInt("segments", { description: "Total segments of all messages." }),
    estimatedCost: t.expose("estimatedCost", {
      type: [Money],
      description: "What it would cost, one sum per currency. Messages without a rate are not included.",
    }),
    countries: t.expose("countries", {
      type: [CampaignCountry],
      description: "The same per country, largest first.",
    }),
    refusedRecipients: t.connection(
      {
        type: RefusedRecipient,
        description: `The first ${previewedRefusals} refused rows.`,
        resolve: ({ refusedRecipients }, args) => pageOfRefusals(args, refusedRecipients),
      },
      RefusedRecipientConnection,
    ),
    refusedCsv: t.string({
      resolve: ({ refusedCsv }) => refusedCsv(),
      description:
        `All refused rows, at most ${maxRowsInFile}, as a CSV file with the columns \`row\`, \`to\`, \`code\` and \`reason\`. No cell of it ` +
        "is taken for a formula. Of a stored campaign, `refusedRecipients` has them.",
      extensions: { cost: { own: 100 } },
    }),
    messages: t.expose("messages", {
      type: [PreviewedCampaignMessage],
      description: `The first ${previewedMessages} messages.`,
    }),
    duplicateRecipients: t.expose("duplicateRecipients", {
      type: [DuplicateRecipient],
      description: `The first ${previewedDuplicates} rows that are left out, since their number is in an earlier one.`,
    }),
    file: t.expose("file", {
      type: CampaignFile,
      nullable: true,
      description: "How the file was read; null for recipients that were given as a list.",
    }),
    spendingCapError: t.field({
      type: SpendingCapError,
      nullable: true,
      description: "The spending cap that would refuse the campaign now; null when there is none.",
      // Pothos throws an error that a resolver returns. A copy that is not an `Error` is returned instead.
      resolve: ({ spendingCapError: error }) => error && lookalike(error),
    }),
  }),
});

builder.objectType(NoRecipientsError, {
  name: "NoRecipientsError",
  description: errorCodes.NO_RECIPIENTS,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    refusedCount: t.exposeInt("refusedCount", {
      description: "How many rows were refused, which is all of them.",
    }),
    refusedRecipients: t.connection(
      {
        type: RefusedRecipient,
        description: "The first refused rows.",
        resolve: ({ refused }, args) => pageOfRefusals(args, refused),
      },
      RefusedRecipientConnection,
    ),
    refused: t.expose("refused", {
      type: [RefusedRecipient],
      description: "The first refused rows.",
      deprecationReason: "`refusedRecipients` has the same name and shape everywhere.",
    }),
  }),
});

export const CreateCampaignResult = builder.errorUnion("CreateCampaignResult", {
  description: "The stored campaign, its preview, or why it was refused.",
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
    KeyRestrictedError,
    SpendingCapError,
    UnsupportedFeatureError,
    IdempotencyConflictError,
    QuotaExceededError,
  ],
});

function toCampaignInput(input: typeof CreateCampaignInput.$inferInput): CampaignInput {
  const { providerId } = input;
  return { ...input, providerId: providerId == null ? null : decodeId("Provider", providerId, "providerId") };
}

/** The stored campaign, or its preview. */
export async function toResult(
  { database }: Context,
  outcome: Awaited<ReturnType<typeof createCampaign>>,
  query: object = {},
) {
  if ("preview" in outcome) return outcome.preview;
  const where = { id: outcome.campaignId };
  return Campaign.addBrand(await database.prisma.campaign.findUniqueOrThrow({ ...query, where }));
}

/** What makes a campaign, for the calling key. */
export const creatingOf = ({ database, routingTables, spending, clock, viewer }: Context) => ({
  database,
  routingTables,
  spending,
  clock,
  within: viewer?.restrictions,
});

builder.mutationField("createCampaign", (t) =>
  t.field({
    type: CreateCampaignResult,
    description:
      "Stores a campaign and sends it. Repeated numbers count once, unless `duplicates` says otherwise. Rows that cannot become a message are " +
      "refused one by one (see `Campaign.refusedRecipients`). A returned campaign is committed.",
    authScopes: { CAMPAIGNS: true },
    args: { input: t.arg({ type: CreateCampaignInput, required: true, description: "The campaign." }) },
    resolve: async (_root, { input }, context, info) => {
      context.quotas.requireStorage(context.viewer);
      await context.quotas.require("CAMPAIGNS", accountOf(context));
      const outcome = await createCampaign(creatingOf(context), accountOf(context), toCampaignInput(input));
      return toResult(context, outcome, queryFromInfo({ context, info, typeName: "Campaign" }));
    },
  }),
);
