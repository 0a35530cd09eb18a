import { InvalidInputError } from "../../../lib/errors.ts";
import { readLimits, setLimits, type LimitsNow } from "../../../pricing/spending/limit-settings.ts";
import type { SpendingCap } from "../../../pricing/spending/limits.ts";
import { builder } from "../builder.ts";
import { CapPeriodEnum } from "./cap-period.ts";
import { accountOf } from "../../context.ts";
import { Money } from "../money.ts";

const SpendingCapRef = builder.objectRef<{ cap: SpendingCap; spent: string }>("SpendingCap").implement({
  description: "The most that may be spent in a period, measured by estimated cost.",
  fields: (t) => ({
    country: t.string({
      nullable: true,
      description: "The country of the cap, ISO 3166-1 alpha-2; null for all countries together.",
      resolve: ({ cap }) => cap.country,
    }),
    period: t.field({
      type: CapPeriodEnum,
      description: "The period of the cap.",
      resolve: ({ cap }) => cap.period,
    }),
    amount: t.field({ type: Money, description: "The most that may be spent.", resolve: ({ cap }) => cap }),
    spent: t.field({
      type: Money,
      description: "How much of it has been spent in the present period.",
      resolve: ({ cap, spent }) => ({ amount: spent, currency: cap.currency }),
    }),
  }),
});

const SpendingLimitsRef = builder.objectRef<LimitsNow>("SpendingLimits").implement({
  description: "Where the account may send, and what it may spend: protection from SMS pumping.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "limits" in value && "used" in value,
  fields: (t) => ({
    allowedCountries: t.stringList({
      nullable: true,
      description: "The only allowed countries, ISO 3166-1 alpha-2; null for all.",
      resolve: ({ limits }) => limits.allowedCountries && [...limits.allowedCountries],
    }),
    caps: t.field({ type: [SpendingCapRef], description: "The caps.", resolve: ({ used }) => used }),
    allowUncounted: t.boolean({
      description:
        "Whether to allow messages that fall under a cap but cannot be counted, because their price is unknown or in a currency " +
        "without a cap.",
      resolve: ({ limits }) => limits.allowUncounted,
    }),
  }),
});

const SpendingCapInput = builder.inputType("SpendingCapInput", {
  description: "The most that may be spent in a period.",
  fields: (t) => ({
    country: t.string({
      description: "The country of the cap, ISO 3166-1 alpha-2; absent: all countries together.",
    }),
    period: t.field({ type: CapPeriodEnum, required: true, description: "The period of the cap." }),
    amount: t.field({
      type: "Decimal",
      required: true,
      description: "The most that may be spent, as an exact decimal.",
    }),
    currency: t.string({ required: true, description: "ISO 4217 code: `EUR`." }),
  }),
});

const SpendingLimitsInput = builder.inputType("SpendingLimitsInput", {
  description: "Where the account may send, and what it may spend.",
  fields: (t) => ({
    allowedCountries: t.stringList({
      description:
        "The only allowed countries, ISO 3166-1 alpha-2; absent: all. With a list, a number whose country is not " +
        "known is refused.",
    }),
    caps: t.field({
      type: [SpendingCapInput],
      description: "The caps; absent: none. A message must fit every cap for its country and currency.",
    }),
    allowUncounted: t.boolean({
      description:
        "Whether to allow messages that fall under a cap but cannot be counted, because their price is unknown or in a currency " +
        "without a cap. Absent: they are refused.",
    }),
  }),
});

const SetSpendingLimitsResult = builder.errorUnion("SetSpendingLimitsResult", {
  description: "The limits in force, or why they were not changed.",
  types: [SpendingLimitsRef, InvalidInputError],
});

builder.queryField("spendingLimits", (t) =>
  t.field({
    type: SpendingLimitsRef,
    description: "Where the account may send, what it may spend, and what it has spent.",
    authScopes: { READ: true, BILLING: true },
    resolve: (_root, _args, context) => readLimits(context, accountOf(context)),
  }),
);

builder.mutationField("setSpendingLimits", (t) =>
  t.field({
    type: SetSpendingLimitsResult,
    description:
      "Replaces the limits of the account. Messages over a limit are refused before they are stored. Messages sent " +
      "earlier in the present day and month (UTC) count.",
    authScopes: { BILLING: true },
    args: { input: t.arg({ type: SpendingLimitsInput, required: true, description: "The limits." }) },
    resolve: (_root, { input }, context) => setLimits(context, accountOf(context), input),
  }),
);
