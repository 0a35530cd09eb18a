import { restrict } from "../../../pricing/routing/restrict.ts";
import { textsOf } from "../../../campaigns/intake/quoted-texts.ts";
import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { networkName, parseNetwork } from "../../../pricing/rates/networks.ts";
import { countryName } from "../../../sms/countries.ts";
import {
  quoteMessages,
  type Quote,
  type QuoteLine,
  type QuoteRefusal,
} from "../../../messages/accept/quote.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { ErrorCodeRef } from "../errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { asLongRequestIfMany } from "../../../lib/places.ts";
import { Slices } from "../../../lib/slices.ts";
import { maxQuoteRecipients } from "../limits.ts";
import { TextEncodingChoice } from "../messages/enums.ts";
import { Money } from "../money.ts";
import { RouteDecisionRef } from "./route-decision.ts";

const QuoteLineRef = builder.objectRef<QuoteLine>("QuoteLine").implement({
  description: "Messages to one country through one route.",
  fields: (t) => ({
    country: t.exposeString("country", {
      nullable: true,
      description:
        "The country, ISO 3166-1 alpha-2; null when countries share the calling code and the number does not show which.",
    }),
    countryName: t.string({
      nullable: true,
      description: "Its English name.",
      resolve: ({ country }) => (country === null ? null : (countryName(country) ?? null)),
    }),
    network: t.string({
      nullable: true,
      description: "The network whose rate applies; null for a rate of the whole country.",
      resolve: ({ decision: { mccmnc } }) => {
        const network = mccmnc === null ? undefined : parseNetwork(mccmnc);
        return (network && networkName(network)) ?? null;
      },
    }),
    from: t.exposeString("sender", { description: "The sender that recipients would see." }),
    route: t.field({
      type: RouteDecisionRef,
      description: "The provider they would go through, and why it was chosen.",
      resolve: ({ decision }) => decision,
    }),
    messages: t.exposeInt("messages", { description: "How many messages." }),
    segments: t.exposeInt("segments", { description: "Total segments of these messages." }),
    price: t.field({
      type: Money,
      nullable: true,
      description: "Price of one segment; null without a rate.",
      resolve: ({ decision: { price, currency } }) =>
        price === null || currency === null ? null : { amount: price, currency },
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: "Their total cost; null without a rate.",
      resolve: ({ cost }) => cost ?? null,
    }),
  }),
});

const QuoteRefusalRef = builder.objectRef<QuoteRefusal>("QuoteRefusal").implement({
  description: "A recipient that would be refused.",
  fields: (t) => ({
    position: t.exposeInt("position", { description: "Its position in the list, from 1." }),
    to: t.exposeString("to", { description: "The recipient as given." }),
    code: t.expose("code", { type: ErrorCodeRef, description: "Why, for programs." }),
    reason: t.exposeString("reason", { description: "Why, and what to do." }),
  }),
});

const QuoteRef = builder.objectRef<Quote>("Quote").implement({
  description: "What sending would do and cost with the present rates, routes and limits. Nothing is stored.",
  fields: (t) => ({
    lines: t.field({
      type: [QuoteLineRef],
      description: "What would be sent, by country and route, largest first.",
      resolve: ({ lines }) => lines,
    }),
    warnings: t.stringList({
      description:
        "What is allowed but probably a mistake, such as a sender's name in a country where senders are numbers.",
      resolve: ({ warnings }) => [...warnings],
    }),
    messages: t.exposeInt("messages", { description: "How many messages would be sent." }),
    segments: t.exposeInt("segments", { description: "Total segments of these messages." }),
    totals: t.field({
      type: [Money],
      description: "What they would cost, one sum per currency.",
      resolve: ({ totals }) => totals,
    }),
    unpriced: t.exposeInt("unpriced", {
      description: "How many messages have no known price and are not in the totals.",
    }),
    repeatedRecipients: t.exposeInt("repeated", {
      description: "How many recipients repeat an earlier one; a campaign would leave them out.",
    }),
    refusedCount: t.exposeInt("refusedCount", { description: "How many recipients would be refused." }),
    suppressedCount: t.exposeInt("suppressed", {
      description: "Of these, how many are on the account's list of numbers that are not to be texted.",
    }),
    refused: t.field({
      type: [QuoteRefusalRef],
      description: "The first 100 refused recipients.",
      resolve: ({ refusals }) => refusals,
    }),
  }),
});

const QuoteRecipientInput = builder.inputType("QuoteRecipientInput", {
  description: "A recipient to quote for.",
  fields: (t) => ({
    to: t.string({ required: true, description: "The number in international form." }),
    text: t.string({ description: "A text for this recipient; absent: the common text." }),
    values: t.field({
      type: "JSONObject",
      description:
        'Values for the placeholders of the common text, as in a campaign: `{ first_name: "Eva" }`. If any ' +
        "recipient has values, `{{first_name}}` is a placeholder; otherwise it is sent unchanged.",
    }),
  }),
});

const QuoteInput = builder.inputType("QuoteInput", {
  description: "The text and the recipients to quote.",
  fields: (t) => ({
    text: t.string({ required: true, description: "The text." }),
    recipients: t.field({
      type: [QuoteRecipientInput],
      required: true,
      description: `1 to ${maxQuoteRecipients} recipients.`,
    }),
    from: t.string({ description: "The sender; absent: the default sender of each provider." }),
    providerId: t.id({ description: "The provider to use; absent: messages are routed." }),
    encoding: t.field({ type: TextEncodingChoice, description: "Which encoding to use; absent: AUTO." }),
    flash: t.boolean({ description: "Flash messages." }),
    validityMinutes: t.int({ description: "Validity period in minutes." }),
    cadenceGroupId: t.string({ description: "The cadence group to send through." }),
    dltTemplateId: t.string({ description: "The template registered with the Indian DLT platform." }),
  }),
});

builder.queryField("quote", (t) =>
  t.field({
    type: QuoteRef,
    description:
      "What sending would do and cost: routes, prices, refusals. Sending the same messages right away gives exactly " +
      "these results.",
    authScopes: { READ: true },
    args: { input: t.arg({ type: QuoteInput, required: true, description: "The messages." }) },
    resolve: async (_root, { input: { recipients, providerId, ...input } }, context) => {
      if (recipients.length === 0 || recipients.length > maxQuoteRecipients) {
        const advice = `Give 1 to ${maxQuoteRecipients} recipients, not ${recipients.length}.`;
        throw new InvalidInputError("recipients", advice);
      }
      const accountId = accountOf(context);
      const { routingTables, viewer } = context;
      const table = restrict(await routingTables.of(accountId, 0), viewer?.restrictions);
      const named = providerId == null ? null : decodeId("Provider", providerId, "providerId");
      const isWithheld = table.withheld?.some(({ id }) => id === named);
      if (named !== null && isWithheld !== true && !table.connections.some(({ row }) => row.id === named)) {
        throw new NotFoundError("Provider", named, "enabled provider");
      }
      await context.spending.settle(accountId);
      const spent = table.limits.caps.length === 0 ? [] : await context.spending.read(accountId);
      const isTemplate = recipients.some(({ values }) => values != null);
      const slices = new Slices(accountId);
      return asLongRequestIfMany(accountId, recipients.length, async () => {
        const texts = isTemplate
          ? await textsOf(input.text, recipients, slices)
          : recipients.map(({ to, text }) => ({ to, text: text ?? undefined }));
        const asked = { ...input, providerId: named };
        return quoteMessages(context.database, accountId, table, spent, asked, texts, slices);
      });
    },
  }),
);
