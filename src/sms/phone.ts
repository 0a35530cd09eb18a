import {
  parsePhoneNumberWithError,
  ParseError,
  type CountryCode,
  type PhoneNumber,
} from "libphonenumber-js/max";
import { InvalidPhoneNumberError } from "../lib/errors.ts";
import type { E164 } from "../providers/provider.ts";
import { countryOfNewArea } from "./area-codes.ts";
import { impossibility } from "./impossible-numbers.ts";
import { countryOfPlain, hasTrunkPrefix, respell } from "./phone-plans.ts";
import { plainText, readWritten } from "./written-number.ts";

interface Recipient {
  to: E164;
  /** ISO 3166-1 alpha-2; null where a calling code is shared and the number does not show the country. */
  country: string | null;
}

const problems: Readonly<Record<string, string>> = {
  NOT_A_NUMBER: "is not a phone number.",
  INVALID_COUNTRY: "begins with no calling code of any country.",
  TOO_SHORT: "is too short for a phone number.",
  TOO_LONG: "is too long for a phone number.",
};

const maxShownLength = 40;
/** Of an international number (E.164), with a trunk prefix that is there by mistake. */
const maxDigits = 18;

/**
 * Checks a recipient and normalises it to E.164, so that every spelling of a number gives the same result. A
 * complete number may lack its plus, since spreadsheets remove it. The length must be one that mobile numbers
 * of the country have. Only the operator knows whether the number is in use.
 * @param defaultCountry the country of numbers without a country code; without it, they are refused
 * @throws InvalidPhoneNumberError
 */
export function parseRecipient(input: string, defaultCountry: string | null = null): Recipient {
  const country = countryOfPlain(input);
  return country === undefined
    ? parseWritten(plainText(input), defaultCountry)
    : { to: input as E164, country };
}

function parseWritten(text: string, defaultCountry: string | null): Recipient {
  if (text === "") throw new InvalidPhoneNumberError(text, "The recipient is empty.");
  const isAnyWhole = (digits: string): boolean =>
    isWhole(digits) || (defaultCountry !== null && readNational(digits, defaultCountry).isMobile);
  const { digits, isInternational } = readWritten(text, isAnyWhole);
  const shown = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
  const refuse = (problem: string): never => {
    throw new InvalidPhoneNumberError(shown, `"${shown}" ${problem}`);
  };
  if (digits.length > maxDigits) refuse("is too long for a phone number.");
  if (!isInternational) {
    const recipient = parseLocal(digits, defaultCountry);
    return typeof recipient === "string" ? refuse(recipient) : recipient;
  }
  const number = parse(digits);
  if (typeof number === "string") return refuse(problems[number] ?? "is not a phone number.");
  if (number.isNonGeographic()) refuse("belongs to no country.");
  const recipient = toRecipient(number);
  return typeof recipient === "string" ? refuse(recipient) : recipient;
}

/** A number without a plus: complete, or one of the default country. Returns what is wrong with it otherwise. */
function parseLocal(digits: string, defaultCountry: string | null): Recipient | string {
  const known = digits.startsWith("0") ? undefined : readKnown(digits);
  if (defaultCountry !== null) {
    const { recipient, isMobile } = readNational(digits, defaultCountry);
    const isNational = digits.startsWith("0") || isMobile || (!known && !hasTrunkPrefix(defaultCountry));
    if (known && isMobile && typeof recipient === "object" && recipient.to !== known.to)
      return `may be ${known.to} or ${recipient.to}. Write it with a plus and the country code.`;
    if (isNational) return recipient;
  }
  if (known && defaultCountry === null && readAmerican(digits))
    return `may be +${digits} or +1${digits}. Write it with a plus and the country code.`;
  if (known) return known;
  return digits.startsWith("0") ? "begins with 0, not with a country code." : "has no country code.";
}

/** A number as people write it within its country. */
function readNational(digits: string, country: string): { recipient: Recipient | string; isMobile: boolean } {
  const number = parse(digits, country);
  if (typeof number === "string")
    return { recipient: problems[number] ?? "is not a phone number.", isMobile: false };
  const recipient = toRecipient(number);
  return { recipient, isMobile: typeof recipient === "object" && isMobileNumber(recipient.to) };
}

/** The problem in plain words when no mobile can have this number. */
function toRecipient({
  countryCallingCode,
  nationalNumber,
  country: found,
}: PhoneNumber): Recipient | string {
  const national = respell(countryCallingCode, nationalNumber);
  const problem = impossibility(countryCallingCode, national, found);
  if (problem !== undefined) return problem;
  const to = `+${countryCallingCode}${national}` as E164;
  const country = national === nationalNumber ? found : countryOf(to);
  return { to, country: country ?? countryOfNewArea(to) ?? null };
}

const countryOf = (number: string): string | undefined => {
  const parsed = parse(number.slice(1));
  return typeof parsed === "string" ? undefined : parsed.country;
};

/**
 * Only digits go to the library: with anything else its answer may depend on the call before. Without a country, they begin
 * with a calling code.
 */
function parse(digits: string, country?: string): PhoneNumber | string {
  try {
    return country === undefined
      ? parsePhoneNumberWithError(`+${digits}`)
      : parsePhoneNumberWithError(digits, country as CountryCode);
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}

/** Whether these digits are a complete number that can be sent to. */
function isWhole(digits: string): boolean {
  const number = parse(digits);
  return typeof number !== "string" && typeof toRecipient(number) !== "string";
}

/** Reads a number without a plus, if it is a mobile number that its country's plan knows. */
function readKnown(digits: string): Recipient | undefined {
  const to = `+${digits}` as E164;
  const country = countryOfPlain(to);
  if (country !== undefined) return { to, country };
  const number = parse(digits);
  const recipient = typeof number === "string" ? number : toRecipient(number);
  if (typeof recipient === "string") return undefined;
  return isMobileNumber(recipient.to) || countryOfNewArea(recipient.to) !== undefined ? recipient : undefined;
}

/** Whether the plan of its country has this number among those of mobiles. */
function isMobileNumber(number: E164): boolean {
  const parsed = parse(number.slice(1));
  return typeof parsed === "object" && ["MOBILE", "FIXED_LINE_OR_MOBILE"].includes(parsed.getType() ?? "");
}

/** Reads ten digits as a North American number: people there leave the country code out. */
const readAmerican = (digits: string): Recipient | undefined =>
  /^[2-9]\d\d[2-9]\d{6}$/.test(digits) ? readKnown(`1${digits}`) : undefined;
