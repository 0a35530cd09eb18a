import type { BalanceReading, ProviderReply, RateReading } from "../provider.ts";
import { printable } from "../wire/answers.ts";
import { readReply } from "./problem.ts";
import type { Answer, Transport } from "./transport.ts";
import { readBalance, readProfile } from "./wire.ts";
import type { DecimalText } from "../../lib/money.ts";

/** SMS units, not money (Tonkra documentation). */
export async function balance(transport: Transport): Promise<ProviderReply<BalanceReading>> {
  const reply = readReply(await transport.get("/balance"));
  if (!reply.ok) return reply;
  const printed = readBalance(reply.value.json);
  const units = printed === undefined ? undefined : readDisplayNumber(printed);
  if (units !== undefined) return { ok: true, value: { units } };
  const detail =
    printed === undefined
      ? "The answer is not what Tonkra documents."
      : `Tonkra gives the balance as "${printable(printed)}", which is not a number.`;
  return { ok: false, problem: { kind: "unreadable", detail } };
}

/** The profile needs the token and costs nothing. Installations without a profile have the balance. */
export async function check(transport: Transport): Promise<ProviderReply<{ detail: string }>> {
  const profile = await transport.get("/me");
  if (profile.kind === "misrouted") return checkBalance(transport);
  const reply = readReply(profile);
  if (!reply.ok) return reply;
  const zone = readProfile(reply.value.json)?.timezone;
  const detail = zone === undefined ? "profile found" : `profile found, its time zone is ${printable(zone)}`;
  return { ok: true, value: { detail } };
}

/**
 * Makes a request that only a wrong token can make fail. The balance is not documented, but the list of
 * messages is.
 */
export async function probe(transport: Transport): Promise<ProviderReply<Answer>> {
  const reply = await transport.get("/balance");
  return readReply(reply.kind === "misrouted" ? await transport.get("/sms") : reply);
}

async function checkBalance(transport: Transport): Promise<ProviderReply<{ detail: string }>> {
  const reply = await probe(transport);
  if (!reply.ok) return reply;
  const printed = readBalance(reply.value.json);
  return {
    ok: true,
    value: { detail: printed === undefined ? "token accepted" : `balance ${printable(printed)}` },
  };
}

export const noRates: ProviderReply<RateReading[]> = {
  ok: false,
  problem: { kind: "refused", detail: "Tonkra has no rates." },
};

/** A longer text is no number, and would be searched once from each of its characters. */
const longestPrinted = 200;

/**
 * Reads a number written for people: `4,250`, `₦4,250.50`, `4.250,5 units`. The last point or comma is the
 * decimal mark if one or two digits follow it, or only a zero stands before it. All others group digits.
 */
export function readDisplayNumber(printed: string): DecimalText | undefined {
  if (printed.length > longestPrinted) return undefined;
  const [, sign = "", number] = /([-−]?)[\p{Sc}\s]*(\d(?:[\d.,'’\s]*\d)?)/u.exec(printed) ?? [];
  if (number === undefined || number.length > 40) return undefined;
  const [, whole = number, fraction] =
    /^(.+)[.,](\d{1,2})$|^(0)[.,](\d+)$/s.exec(number)?.filter(Boolean) ?? [];
  const digits = whole.replace(/\D/g, "").replace(/^0+(?=\d)/, "");
  return `${sign === "" ? "" : "-"}${digits}${fraction === undefined ? "" : `.${fraction}`}`;
}
