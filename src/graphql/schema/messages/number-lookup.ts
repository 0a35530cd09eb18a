import { ProviderUnavailableError, UnsupportedFeatureError } from "../../../lib/errors.ts";
import { readNumberFacts, type NumberFacts } from "../../../sms/number-facts.ts";
import type { NumberReading } from "../../../providers/provider.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";

const types = {
  MOBILE: "A mobile number.",
  FIXED_LINE: "A landline.",
  FIXED_LINE_OR_MOBILE: "The plan does not tell landlines and mobile numbers apart.",
  VOIP: "A number reached over the internet.",
  PREMIUM_RATE: "Calls to it cost extra.",
  TOLL_FREE: "Calls to it are free.",
  SHARED_COST: "Caller and called share the cost.",
  PERSONAL_NUMBER: "A number that follows a person.",
  PAGER: "A pager.",
  UAN: "A number of a company, whatever its place.",
  VOICEMAIL: "A voice mailbox.",
} as const;

const PhoneNumberType = builder.enumType("PhoneNumberType", {
  description: "What kind of number the numbering plan says it is.",
  values: Object.fromEntries(
    Object.entries(types).map(([name, description]) => [name, { description }]),
  ) as Record<keyof typeof types, { description: string }>,
});

const ProviderNumberCheck = builder.objectRef<NumberReading>("ProviderNumberCheck").implement({
  description: "What a provider says of a number.",
  fields: (t) => ({
    valid: t.exposeBoolean("valid", { description: "Whether the provider would send to it." }),
    detail: t.exposeString("detail", { nullable: true, description: "The provider's own words." }),
    network: t.exposeString("network", { nullable: true, description: "The network, where it tells." }),
    mccmnc: t.exposeString("mccmnc", {
      nullable: true,
      description: "Its country and network code, where it tells.",
    }),
  }),
});

type Lookup = NumberFacts & { providerCheck: NumberReading | null };

const PhoneNumberLookup = builder.objectRef<Lookup>("PhoneNumberLookup").implement({
  description: "What is known of a phone number without sending to it.",
  fields: (t) => ({
    number: t.exposeString("number", { description: "The number in E.164." }),
    valid: t.exposeBoolean("valid", { description: "Whether it belongs to a range that is assigned." }),
    country: t.exposeString("country", {
      nullable: true,
      description: "ISO 3166-1 alpha-2; null where a shared calling code does not tell.",
    }),
    callingCode: t.exposeString("callingCode", { description: "The country's calling code, without `+`." }),
    national: t.exposeString("national", { description: "As it is written in its country." }),
    international: t.exposeString("international", { description: "As it is written elsewhere." }),
    type: t.field({
      type: PhoneNumberType,
      nullable: true,
      description: "What kind of number it is; null where the plan does not tell.",
      resolve: ({ type }) => type ?? null,
    }),
    providerCheck: t.expose("providerCheck", {
      type: ProviderNumberCheck,
      nullable: true,
      description: "What the provider says of it; null unless one was asked.",
    }),
  }),
});

builder.queryField("lookupPhoneNumber", (t) =>
  t.field({
    type: PhoneNumberLookup,
    description:
      "Looks a number up: in the numbering plans, and with a provider that has a look-up, if one is given.",
    authScopes: { READ: true },
    args: {
      number: t.arg.string({ required: true, description: "The number in international form." }),
      providerId: t.arg.id({ description: "The provider to ask as well; see `capabilities.numberLookup`." }),
    },
    resolve: async (_root, { number, providerId: shownId }, context) => {
      const facts = readNumberFacts(number);
      if (shownId == null) return { ...facts, providerCheck: null };
      const id = decodeId("Provider", shownId, "providerId");
      const { client, row } = await context.connector.find(accountOf(context), id, shownId);
      if (!client.lookUpNumber) {
        throw new UnsupportedFeatureError("lookupPhoneNumber", row.name, "Leave `providerId` out.");
      }
      const reply = await client.lookUpNumber(facts.number);
      if (reply.ok) return { ...facts, providerCheck: reply.value };
      throw new ProviderUnavailableError(row.name, reply.problem.detail);
    },
  }),
);
