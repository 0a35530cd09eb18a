import { parsePhoneNumberWithError } from "libphonenumber-js/max";
import { mobileLengths } from "./phone-plans.ts";

/** Area code and exchange of +1: neither begins with 0 or 1, and no area code is a service number like 911. */
const american = /^(?![2-9]11)[2-9]\d\d[2-9]\d{6}$/;

/** A mobile in Argentina. The 15 of local calls needs an area code before it. */
const argentine = /^9(?:11|[23]\d)\d{8}$/;

/**
 * Why no mobile has this number, in plain words; undefined where one may. Ranges that are newer than the
 * library stay possible: a number is impossible by its length, by how it begins, or because a range that the
 * library knows has longer numbers.
 */
export function impossibility(
  callingCode: string,
  national: string,
  country: string | undefined,
): string | undefined {
  const lengths = mobileLengths(callingCode, country);
  if (!lengths.includes(national.length)) {
    const span = lengths.length > 2 ? `${lengths[0]} to ${lengths.at(-1)}` : lengths.join(" or ");
    return `has the wrong length for its country: ${national.length} digits after +${callingCode}, where mobile numbers have ${span}.`;
  }
  if (callingCode === "1")
    return american.test(national)
      ? undefined
      : "is no number of +1: the area code and the three digits after it begin with 2 to 9, and no area code ends with 11.";
  if (isValid(callingCode + national)) return undefined;
  if (national.startsWith("0")) return `has a 0 behind +${callingCode} that makes no number there.`;
  if (national.startsWith(callingCode) && isValid(national))
    return `has the country code ${callingCode} twice. Remove one.`;
  if (lacksDigits(callingCode + national, (lengths.at(-1) ?? 0) - national.length))
    return "lacks digits: numbers that begin like this are longer.";
  if (callingCode === "54" && !argentine.test(national))
    return "has no area code of Argentina: 11, or one that begins with 2 or 3.";
  return undefined;
}

/** Whether the number is known when up to `most` more digits follow. Ranges do not differ in their last digits. */
function lacksDigits(digits: string, most: number): boolean {
  for (let missing = 1; missing <= most; missing++) {
    for (let digit = 0; digit <= 9; digit++) if (isValid(digits + String(digit).repeat(missing))) return true;
  }
  return false;
}

function isValid(digits: string): boolean {
  try {
    return parsePhoneNumberWithError(`+${digits}`).isValid();
  } catch {
    return false;
  }
}
