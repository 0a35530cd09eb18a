import { parsePhoneNumberWithError, type NumberType } from "libphonenumber-js/max";
import type { E164 } from "../providers/provider.ts";
import { countryOfPlain } from "./phone-plans.ts";

/** Types of numbers that take no SMS, in words. Those that may be landlines or mobiles, and those on the Internet, are not here. */
const unreachable: Partial<Record<Exclude<NumberType, undefined>, string>> = {
  FIXED_LINE: "a landline",
  PREMIUM_RATE: "a premium-rate number",
  TOLL_FREE: "a free-phone number",
  SHARED_COST: "a shared-cost number",
  UAN: "a company number",
  VOICEMAIL: "a voice mailbox",
  PAGER: "a pager",
};

/** +1 does not tell landlines from mobiles: only these area codes say more (free of charge, premium, personal). */
const tellingAreas = /^\+1(?:8(?:00|33|44|55|66|77|88)|900)/;

/** What a number is that takes no SMS, in words; undefined for one that may take them. */
export function whyUnreachable(number: E164): string | undefined {
  if (countryOfPlain(number) !== undefined || (number.startsWith("+1") && !tellingAreas.test(number)))
    return undefined;
  const type = parsePhoneNumberWithError(number).getType();
  return type === undefined ? undefined : unreachable[type];
}
