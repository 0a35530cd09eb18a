import { ProviderUnavailableError, UnsupportedFeatureError } from "../../../lib/errors.ts";
import { readNumberFacts, type NumberFacts } from "../../../sms/number-facts.ts";
import type { NumberReading } from "../../../providers/provider.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";

const types = {
  MOBILE: "A mobile number.",
  FIXED_LINE: "A landline.",
  FIXED_LINE_OR_MOBILE: "The numbering plan does not separate landlines from mobile numbers.",
  VOIP: "A number reached over the internet.",
  PREMIUM_RATE: "Calls to it cost extra.",
  TOLL_FREE: "Calls to it are free.",
  SHARED_COST: "Caller and called share the cost.",
  PERSONAL_NUMBER: "A number that belongs to a person rather than a line.",
  PAGER: "A pager.",
  UAN: "A company number that works in the whole country.",
  VOICEMAIL: "A voice mailbox.",
} as const;

const PhoneNumberType = builder.enumType("PhoneNumberType", {
  description: "The type of a number in the numbering plan.",
  values: Object.fromEntries(
    Object.entries(types).map(([name, description]) => [name, { description }]),
  ) as Record<keyof typeof types, { description: string }>,
});

const ProviderNumberCheck = builder.objectRef<NumberReading>("ProviderNumberCheck").implement({
  description: "What a provider knows about a number.",
  fields: (t) => ({
    valid: t.exposeBoolean("valid", { description: "Whether the provider would send to it." }),
    detail: t.exposeString("detail", { nullable: true, description: "The provider's own words." }),
    network: t.exposeString("network", { nullable: true, description: "The network, if known." }),
    mccmnc: t.exposeString("mccmnc", {
      nullable: true,
      description: "Mobile country and network code, if known.",
    }),
  }),
});

type Lookup = NumberFacts & { providerCheck: NumberReading | null };

const PhoneNumberLookup = builder.objectRef<Lookup>("PhoneNumberLookup").implement({
  description: "What is known about a phone number without sending to it.",
  fields: (t) => ({
    number: t.exposeString("number", { description: "The number in E.164." }),
    valid: t.exposeBoolean("valid", { description: "Whether it is in an assigned number range." }),
    country: t.exposeString("country", {
      nullable: true,
      description:
        "ISO 3166-1 alpha-2; null when countries share the calling code and the number does not show which.",
    }),
    callingCode: t.exposeString("callingCode", { description: "The country's calling code, without `+`." }),
    national: t.exposeString("national", { description: "The number in national format." }),
    international: t.exposeString("international", { description: "The number in international format." }),
    type: t.field({
      type: PhoneNumberType,
      nullable: true,
      description: "The type of the number; null when the numbering plan does not show it.",
      resolve: ({ type }) => type ?? null,
    }),
    providerCheck: t.expose("providerCheck", {
      type: ProviderNumberCheck,
      nullable: true,
      description: "What the provider knows about it; null when no provider was asked.",
    }),
  }),
});

builder.queryField("lookupPhoneNumber", (t) =>
  t.field({
    type: PhoneNumberLookup,
    description:
      "Looks up a number in the numbering plans and, if a provider is given, with that provider too.",
    authScopes: { READ: true },
    args: {
      number: t.arg.string({ required: true, description: "The number in international form." }),
      providerId: t.arg.id({ description: "A provider to ask too (see `capabilities.numberLookup`)." }),
    },
    resolve: async (_root, { number, providerId }, context) => {
      const facts = readNumberFacts(number);
      if (providerId == null) return { ...facts, providerCheck: null };
      const id = decodeId("Provider", providerId, "providerId");
      const { client, row } = await context.connector.find(accountOf(context), id);
      if (!client.lookUpNumber) {
        throw new UnsupportedFeatureError("lookupPhoneNumber", row.name, "Leave `providerId` out.");
      }
      const reply = await client.lookUpNumber(facts.number);
      if (reply.ok) return { ...facts, providerCheck: reply.value };
      throw new ProviderUnavailableError(row.name, reply.problem.detail);
    },
  }),
);
