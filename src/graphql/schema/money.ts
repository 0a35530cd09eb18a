import { builder } from "./builder.ts";

export interface MoneyShape {
  amount: { toString(): string };
  currency: string;
}

/** ISO 4217 for "no currency": the provider named an amount but never its currency. */
const noCurrency = "XXX";

export const Money = builder.objectRef<MoneyShape>("Money").implement({
  description: "An amount of money. Amounts in different currencies are never added up.",
  fields: (t) => ({
    amount: t.expose("amount", { type: "Decimal", description: "The exact amount." }),
    currency: t.exposeString("currency", {
      description: "ISO 4217 code; `XXX` when the provider has not named its currency.",
    }),
  }),
});

/** Null stays null. An amount without a known currency is still shown. */
export const money = (
  amount: { toString(): string } | null,
  currency: string | null | undefined,
): MoneyShape | null => (amount === null ? null : { amount, currency: currency ?? noCurrency });
