import type { BalanceReading, ProviderReply, RateQuery, RateReading } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { readEndDate } from "./dates.ts";
import { readReply, readReplyOr } from "./problem.ts";
import type { Transport } from "./transport.ts";
import { type Rate, readBalance, readRates } from "./wire.ts";

export async function balance(
  transport: Transport,
  timeZone: string,
): Promise<ProviderReply<BalanceReading>> {
  return readReply(await transport.get("/balance"), (json) => {
    const reading = readBalance(json);
    const [currency] = /^[A-Z]{3}$/.exec(reading?.currency_code?.trim().toUpperCase() ?? "") ?? [];
    if (reading?.balance === undefined || currency === undefined) return undefined;
    return {
      amount: reading.balance,
      currency,
      creditLimit: reading.in_credit_limit,
      providerUpdatedAt: readDate(reading.balance_updated, timeZone),
    };
  });
}

/** The balance needs the token and costs nothing, so it proves the address and the credentials. */
export async function check(
  transport: Transport,
  timeZone: string,
): Promise<ProviderReply<{ detail: string }>> {
  const reply = await balance(transport, timeZone);
  if (!reply.ok) return reply;
  return { ok: true, value: { detail: `balance ${reply.value.amount} ${reply.value.currency}` } };
}

/** A country alone may match one rate or many. The documented 404 means that there is none. */
export async function rates(
  transport: Transport,
  { mccmnc, country }: RateQuery,
  timeZone: string,
): Promise<ProviderReply<RateReading[]>> {
  const query = { mccmnc: inSixDigits(mccmnc), ...(country === undefined ? {} : { country }) };
  return readReplyOr(await transport.get("/sms-rates", query), [], (json) => {
    const printed = readRates(json);
    const readings = printed?.flatMap((rate) => rateReading(rate, timeZone) ?? []);
    // Rates that all cannot be read are not the same as "no rates".
    return printed?.length && !readings?.length ? undefined : readings;
  });
}

/**
 * Rates are requested with a network code of three digits (TikoSMS OpenAPI); a country code alone stays as it
 * is.
 */
const inSixDigits = (mccmnc: string): string =>
  mccmnc.length > 3 ? mccmnc.slice(0, 3) + mccmnc.slice(3).padStart(3, "0") : mccmnc;

function rateReading(rate: Rate, timeZone: string): RateReading | undefined {
  const { mcc = rate.mccmnc?.slice(0, 3), mnc, country, rate: price } = rate;
  if (mcc === undefined || price === undefined) return undefined;
  return {
    mcc,
    mnc: mnc ?? (rate.mccmnc?.slice(3) || undefined),
    country,
    price,
    validFrom: readDate(rate.rate_start_date, timeZone),
    validUntil: readEndDate(rate.rate_end_date, timeZone),
  };
}

/**
 * Whether two codes name the same network, or the same country without a network. TikoSMS writes `25501` in
 * look-ups and `255001` elsewhere, so network codes are compared as numbers.
 */
export function sameNetwork(one: string, other: string): boolean {
  return networkOf(one) === networkOf(other);
}

function networkOf(code: string): string {
  const [, mcc, mnc] = /^(\d{3})(\d{0,3})$/.exec(code.trim()) ?? [];
  return mcc === undefined ? code.trim() : `${mcc}-${mnc === "" ? "" : Number(mnc)}`;
}
