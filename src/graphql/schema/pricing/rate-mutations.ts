import {
  InvalidInputError,
  NotFoundError,
  ProviderUnavailableError,
  UnsupportedFeatureError,
} from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { refreshRates } from "../../../pricing/rates/fetch-rates.ts";
import { readRates } from "../../../pricing/rates/rate-input.ts";
import { writeRates, type NewRate, type RateChanges as Changes } from "../../../pricing/rates/rate-store.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { maxRates } from "../limits.ts";

interface Changed extends Changes {
  providerId: string;
}

const RateChanges = builder.objectRef<Changed>("RateChanges").implement({
  description: "The result of storing rates of a provider.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "unchanged" in value,
  fields: (t) => ({
    provider: t.prismaField({
      type: "Provider",
      description: "The provider.",
      resolve: (query, { providerId: id }, _args, { database }) =>
        database.prisma.provider.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    added: t.exposeInt("added", { description: "How many prices are new." }),
    ended: t.exposeInt("ended", {
      description:
        "How many known prices got another end, usually because a new price follows. They are kept.",
    }),
    unchanged: t.exposeInt("unchanged", { description: "How many prices were already known." }),
  }),
});

const RefreshRatesResult = builder.errorUnion("RefreshRatesResult", {
  description: "The fetched rates, or why they could not be fetched.",
  types: [RateChanges, InvalidInputError, NotFoundError, UnsupportedFeatureError, ProviderUnavailableError],
});

const SetRatesResult = builder.errorUnion("SetRatesResult", {
  description: "The stored rates, or which of them is wrong; then none is stored.",
  types: [RateChanges, InvalidInputError, NotFoundError],
});

const RateInput = builder.inputType("RateInput", {
  description:
    "The price of a segment for a network (`mccmnc`, or `mcc` and `mnc`), a country code (`mcc` alone), or a " +
    "whole country (`country` alone: each of its codes).",
  fields: (t) => ({
    mccmnc: t.string({ description: "MCC and MNC of the network together, or MCC alone." }),
    mcc: t.string({ description: "Mobile country code, three digits." }),
    mnc: t.string({ description: "Mobile network code; with `mcc`." }),
    country: t.string({ description: "ISO 3166-1 alpha-2 code or English name." }),
    price: t.field({ type: "Decimal", required: true, description: "Price of one segment; not negative." }),
    currency: t.string({ required: true, description: "ISO 4217 code." }),
    validFrom: t.field({ type: "DateTime", description: "When it starts; absent: now." }),
    validUntil: t.field({ type: "DateTime", description: "When it ends; absent: open end." }),
  }),
});

const SetRatesInput = builder.inputType("SetRatesInput", {
  description:
    "Rates of one provider. A new price ends the previous one. The same price again changes nothing.",
  fields: (t) => ({
    providerId: t.id({ required: true, description: "Global id of the provider." }),
    rates: t.field({
      type: [RateInput],
      required: true,
      description: `1 to ${maxRates} rates. Either all are stored or none. For longer lists use \`npm run rates:import\`.`,
    }),
  }),
});

/** @throws InvalidInputError which names the first row that is wrong */
function checkedRates(inputs: (typeof RateInput.$inferInput)[], now: Date): NewRate[] {
  const { rates, problems } = readRates(inputs, now);
  const [first] = problems;
  if (!first) return rates;
  const { index, problem } = first;
  const more = problems.length > 1 ? ` ${problems.length - 1} more rows are wrong.` : "";
  const text = `Row ${index + 1}: ${problem.text}${more} Nothing was stored.`;
  throw new InvalidInputError(`input.rates.${index}.${problem.field}`, text);
}

builder.mutationFields((t) => ({
  refreshRates: t.field({
    type: RefreshRatesResult,
    description:
      "Fetches a provider's rates now, for all destinations that were used or asked for. This also happens every hour.",
    authScopes: { BILLING: true },
    args: { providerId: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, args, context) => {
      const providerId = decodeId("Provider", args.providerId, "providerId");
      const connection = await context.connector.find(accountOf(context), providerId);
      if (!connection.adapter.capabilities.rates) {
        const advice = "It tells no rates. Set them with `setRates`, or import them from CSV.";
        throw new UnsupportedFeatureError("refreshRates", connection.row.name, advice);
      }
      const reply = await refreshRates(context, connection);
      if (reply.ok) return { ...reply.value, providerId };
      throw new ProviderUnavailableError(connection.row.name, reply.problem.detail);
    },
  }),
  setRates: t.field({
    type: SetRatesResult,
    description: "Sets rates of a provider that does not publish them.",
    authScopes: { BILLING: true },
    args: { input: t.arg({ type: SetRatesInput, required: true, description: "The rates." }) },
    resolve: async (_root, { input }, context) => {
      const providerId = decodeId("Provider", input.providerId, "input.providerId");
      const accountId = accountOf(context);
      await context.connector.find(accountId, providerId);
      if (input.rates.length === 0 || input.rates.length > maxRates) {
        const text = `\`rates\` must have 1 to ${maxRates} entries, not ${input.rates.length}.`;
        throw new InvalidInputError("input.rates", text);
      }
      const now = context.clock.now();
      const rates = checkedRates(input.rates, now);
      const owner = { accountId, providerId, source: "SET" } as const;
      const changes = await context.database.transaction((transaction) =>
        writeRates(transaction, owner, rates, now),
      );
      context.rateBooks.changed(accountId);
      return { ...changes, providerId };
    },
  }),
}));
