import { InvalidInputError } from "../../../lib/errors.ts";
import { readLimits, setLimits, type LimitsNow } from "../../../pricing/spending/limit-settings.ts";
import type { SpendingCap } from "../../../pricing/spending/limits.ts";
import { builder } from "../builder.ts";
import { CapPeriodEnum } from "./cap-period.ts";
import { accountOf } from "../../context.ts";
import { Money } from "../money.ts";

const SpendingCapRef = builder.objectRef<{ cap: SpendingCap; spent: string }>("SpendingCap").implement({
  description: "The most that may be spent in a period, by what messages are estimated to cost.",
  fields: (t) => ({
    country: t.string({
      nullable: true,
      description: "The country it is for, ISO 3166-1 alpha-2; null for all countries together.",
      resolve: ({ cap }) => cap.country,
    }),
    period: t.field({
      type: CapPeriodEnum,
      description: "How long it counts.",
      resolve: ({ cap }) => cap.period,
    }),
    amount: t.field({ type: Money, description: "The most.", resolve: ({ cap }) => cap }),
    spent: t.field({
      type: Money,
      description: "What has been spent of it in the present period.",
      resolve: ({ cap, spent }) => ({ amount: spent, currency: cap.currency }),
    }),
  }),
});

const SpendingLimitsRef = builder.objectRef<LimitsNow>("SpendingLimits").implement({
  description: "Where the account may send to, and what it may spend: protection from SMS pumping.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "limits" in value && "used" in value,
  fields: (t) => ({
    allowedCountries: t.stringList({
      nullable: true,
      description: "The only countries that messages may go to, ISO 3166-1 alpha-2; null for all.",
      resolve: ({ limits }) => limits.allowedCountries && [...limits.allowedCountries],
    }),
    caps: t.field({ type: [SpendingCapRef], description: "The caps.", resolve: ({ used }) => used }),
    allowUncounted: t.boolean({
      description:
        "Whether a message passes that a cap is for and none can count, since its price is unknown or in a currency " +
        "without a cap.",
      resolve: ({ limits }) => limits.allowUncounted,
    }),
  }),
});

const SpendingCapInput = builder.inputType("SpendingCapInput", {
  description: "The most that may be spent in a period.",
  fields: (t) => ({
    country: t.string({
      description: "The country it is for, ISO 3166-1 alpha-2; absent: all countries together.",
    }),
    period: t.field({ type: CapPeriodEnum, required: true, description: "How long it counts." }),
    amount: t.field({ type: "Decimal", required: true, description: "The most, exactly." }),
    currency: t.string({ required: true, description: "ISO 4217 code: `EUR`." }),
  }),
});

const SpendingLimitsInput = builder.inputType("SpendingLimitsInput", {
  description: "Where the account may send to, and what it may spend.",
  fields: (t) => ({
    allowedCountries: t.stringList({
      description:
        "The only countries that messages may go to, ISO 3166-1 alpha-2; absent: all. A number whose country is not " +
        "known is refused when there is a list.",
    }),
    caps: t.field({
      type: [SpendingCapInput],
      description: "The caps; absent: none. A message must fit all that are for its country and currency.",
    }),
    allowUncounted: t.boolean({
      description:
        "Whether a message passes that a cap is for and none can count, since its price is unknown or in a currency " +
        "without a cap. Absent: it is refused.",
    }),
  }),
});

const SetSpendingLimitsResult = builder.errorUnion("SetSpendingLimitsResult", {
  description: "The limits as they hold now, or why they were not changed.",
  types: [SpendingLimitsRef, InvalidInputError],
});

builder.queryField("spendingLimits", (t) =>
  t.field({
    type: SpendingLimitsRef,
    description: "Where the account may send to, what it may spend, and what it has spent.",
    authScopes: { READ: true },
    resolve: (_root, _args, context) => readLimits(context, accountOf(context)),
  }),
);

builder.mutationField("setSpendingLimits", (t) =>
  t.field({
    type: SetSpendingLimitsResult,
    description:
      "Replaces the limits of the account. Messages over a limit are refused before they are stored. What was sent " +
      "earlier in the present day and month (of UTC) counts.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: SpendingLimitsInput, required: true, description: "The limits." }) },
    resolve: (_root, { input }, context) => setLimits(context, accountOf(context), input),
  }),
);
