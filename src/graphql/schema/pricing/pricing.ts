import { networkName } from "../../../pricing/rates/networks.ts";
import { countryName } from "../../../sms/countries.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { Money, money } from "../money.ts";

export const Balance = builder.prismaNode("Balance", {
  description: "The balance of an account at a provider.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    provider: t.relation("provider", { description: "The provider." }),
    amount: t.field({
      type: Money,
      nullable: true,
      description: "The balance in money; null when the provider counts in units.",
      resolve: ({ amount, currency }) => money(amount, currency),
    }),
    units: t.expose("units", {
      type: "Decimal",
      nullable: true,
      description: "The balance in the provider's own units; null when it counts in money.",
    }),
    creditLimit: t.field({
      type: Money,
      nullable: true,
      description: "How far below zero the balance may go; not part of the balance.",
      resolve: ({ creditLimit, currency }) => money(creditLimit, currency),
    }),
    providerUpdatedAt: t.expose("providerUpdatedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the balance was measured, by the provider's clock.",
    }),
    isLow: t.exposeBoolean("isLow", {
      description: "Whether it was below the provider's threshold (`lowBalance`) at that time.",
    }),
    fetchedAt: t.expose("fetchedAt", { type: "DateTime", description: "When smsgraph fetched it." }),
  }),
});

const RateSource = builder.enumType("RateSource", {
  description: "Where a rate comes from.",
  values: {
    FETCHED: { description: "Fetched from the provider." },
    SET: { description: "Set with `setRates`." },
    IMPORTED: { description: "Imported from a file." },
  },
});

export const Rate = builder.prismaNode("Rate", {
  description: "The price of one segment to a network or a whole country.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    provider: t.relation("provider", { description: "The provider of the rate." }),
    mcc: t.exposeString("mcc", { description: "Mobile country code, three digits." }),
    mnc: t.exposeString("mnc", {
      nullable: true,
      description: "Mobile network code; null for the whole country.",
    }),
    mccmnc: t.string({
      description: "Both codes together.",
      resolve: ({ mcc, mnc }) => mcc + (mnc ?? ""),
    }),
    country: t.exposeString("country", {
      nullable: true,
      description: "The country, ISO 3166-1 alpha-2; null when several countries share the code.",
    }),
    countryName: t.string({
      nullable: true,
      description: "The country's name in English.",
      resolve: ({ country }) => (country === null ? null : (countryName(country) ?? null)),
    }),
    networkName: t.string({
      nullable: true,
      description: "The name of the network; null for a whole country, or when the name is not known.",
      resolve: ({ mcc, mnc }) => networkName({ mcc, mnc }) ?? null,
    }),
    source: t.expose("source", { type: RateSource, description: "Where the rate comes from." }),
    price: t.field({
      type: Money,
      description: "Price of one segment.",
      resolve: ({ price, currency }) => ({ amount: price, currency }),
    }),
    validFrom: t.expose("validFrom", { type: "DateTime", description: "When it starts." }),
    validUntil: t.expose("validUntil", {
      type: "DateTime",
      nullable: true,
      description: "When it ends; null for an open end.",
    }),
  }),
});
