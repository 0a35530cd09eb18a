import { countryName, parseCountry } from "../../sms/countries.ts";
import { countryOf, mccsOf, parseNetwork, usualNetwork, type Network } from "./networks.ts";
import { historyKey, type NewRate } from "./rate-store.ts";
import type { DecimalText } from "../../lib/money.ts";

/** A rate as users enter it. */
export interface RateInput {
  /** Mobile country code, alone or with the network code. */
  mccmnc?: string | null | undefined;
  mcc?: string | null | undefined;
  mnc?: string | null | undefined;
  /** ISO 3166-1 alpha-2 or English name. Without `mccmnc` it stands for all codes of the country. */
  country?: string | null | undefined;
  price: DecimalText;
  currency: string;
  /** Absent: from now on. */
  validFrom?: Date | null | undefined;
  /** Absent: open end. */
  validUntil?: Date | null | undefined;
}

/** What is wrong with a rate. */
interface RateProblem {
  /** The field of the rate. */
  field: keyof RateInput;
  /** Plain words, including what to write instead. */
  text: string;
}

type CheckedRate = { ok: true; rates: NewRate[] } | { ok: false; problem: RateProblem };

const problem = (field: keyof RateInput, text: string): CheckedRate => ({
  ok: false,
  problem: { field, text },
});

/** Checks one rate. A country alone gives a rate for each of its codes; the United States have seven. */
export function readRate(input: RateInput, now: Date): CheckedRate {
  const { price, currency, validFrom, validUntil } = input;
  if (!/^\d{1,20}(\.\d{1,20})?$/.test(price))
    return problem("price", `The price "${shown(price)}" is not one. Write it like 0.045.`);
  if (!/^[A-Z]{3}$/.test(currency))
    return problem("currency", `"${shown(currency)}" is not a currency. Write its ISO 4217 code, like EUR.`);
  const from = validFrom ?? now;
  if (validUntil && validUntil <= from)
    return problem("validUntil", "The rate ends before it begins. Give a later end, or none.");
  const networks = readNetworks(input);
  if (!networks.ok) return networks;
  const terms = { price, currency, validFrom: from, validUntil: validUntil ?? null };
  return { ok: true, rates: networks.value.map((network) => ({ ...network, ...terms })) };
}

interface Networks {
  ok: true;
  value: (Network & { country: string | null })[];
}

function readNetworks(input: RateInput): Networks | Extract<CheckedRate, { ok: false }> {
  const country = input.country ? parseCountry(input.country) : undefined;
  if (input.country && country === undefined) {
    const text = `"${shown(input.country)}" is not a country, or more than one. Write its ISO 3166-1 alpha-2 code, like SK.`;
    return { ok: false, problem: { field: "country", text } };
  }
  const codes = input.mccmnc || `${input.mcc ?? ""}${input.mnc ?? ""}`;
  if (codes !== "") {
    const network = input.mcc || input.mccmnc ? parseNetwork(codes) : undefined;
    const field = input.mccmnc ? "mccmnc" : "mcc";
    const text = `"${shown(codes)}" is not a mobile country code with or without a network code. Write it like 231 or 23101.`;
    if (!network) return { ok: false, problem: { field, text } };
    const usual = usualNetwork(network);
    return { ok: true, value: [{ ...usual, country: country ?? countryOf(usual) ?? null }] };
  }
  const mccs = country === undefined ? [] : mccsOf(country);
  if (mccs.length > 0 && country !== undefined)
    return { ok: true, value: mccs.map((mcc) => ({ mcc, mnc: null, country })) };
  if (country !== undefined) {
    const text = `${countryName(country)} has no mobile country code. Leave the rate out, or write the code that it counts for.`;
    return { ok: false, problem: { field: "country", text } };
  }
  const text = "Say where the rate counts: a country, a mobile country code, or a network (231, 23101).";
  return { ok: false, problem: { field: "mccmnc", text } };
}

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/**
 * Reads many rates. Returns all of them, or the problems by index. Two prices for the same moment are a
 * problem.
 */
export function readRates(
  inputs: readonly RateInput[],
  now: Date,
  rowOf: (index: number) => number = (index) => index + 1,
): { rates: NewRate[]; problems: { index: number; problem: RateProblem }[] } {
  const rates: NewRate[] = [];
  const problems: { index: number; problem: RateProblem }[] = [];
  const seen = new Map<string, { row: number; terms: string }>();
  for (const [index, input] of inputs.entries()) {
    const reading = readRate(input, now);
    const clash = reading.ok ? findClash(seen, rowOf(index), reading.rates) : reading.problem;
    if (clash) problems.push({ index, problem: clash });
    else if (reading.ok) rates.push(...reading.rates);
  }
  return { rates, problems };
}

function findClash(
  seen: Map<string, { row: number; terms: string }>,
  row: number,
  rates: readonly NewRate[],
): RateProblem | undefined {
  for (const rate of rates) {
    const key = `${historyKey(rate)} ${rate.validFrom.getTime()}`;
    const terms = `${rate.price} ${rate.currency} ${rate.validUntil?.getTime()}`;
    const earlier = seen.get(key);
    if (earlier && earlier.terms !== terms) {
      const text = `Row ${earlier.row} has another rate for the same network from the same moment. Keep one of them.`;
      return { field: "price", text };
    }
    seen.set(key, { row, terms });
  }
  return undefined;
}
