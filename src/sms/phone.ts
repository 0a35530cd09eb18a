import { parsePhoneNumberWithError, ParseError } from "libphonenumber-js/max";
import { InvalidPhoneNumberError } from "../lib/errors.ts";
import type { E164 } from "../providers/provider.ts";
import { countryOfPlain } from "./phone-plans.ts";

export interface Recipient {
  to: E164;
  /** ISO 3166-1 alpha-2; null where a calling code is shared and the number does not tell. */
  country: string | null;
}

const problems: Readonly<Record<string, string>> = {
  NOT_A_NUMBER: "is not a phone number.",
  INVALID_COUNTRY: "belongs to no country.",
  TOO_SHORT: "is too short for a phone number.",
  TOO_LONG: "is too long for a phone number.",
};

const longestInput = 40;

/**
 * Checks a recipient and normalises it to E.164. Spaces, dashes and brackets are accepted, in any of Unicode's
 * forms, and `00` for `+`.
 * The length must be right for the country; whether the number is in use only the operator knows.
 * @throws InvalidPhoneNumberError
 */
export function parseRecipient(input: string): Recipient {
  const country = countryOfPlain(input);
  return country === undefined ? parseWritten(input) : { to: input as E164, country };
}

function parseWritten(input: string): Recipient {
  // Copied numbers come with narrow spaces, full-width digits and marks for the direction of writing.
  const written = input
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .trim();
  const shown = written.length > longestInput ? `${written.slice(0, longestInput)}…` : written;
  if (written === "") throw new InvalidPhoneNumberError(input, "The recipient is empty.");
  const international = written.replace(/^00/, "+");
  if (!international.startsWith("+") && /^[\d\s()./-]+$/.test(international)) {
    throw new InvalidPhoneNumberError(shown, `"${shown}" has no country code.`);
  }
  const number = parse(international, shown);
  const length = number.isPossible();
  if (!length) throw new InvalidPhoneNumberError(shown, `"${shown}" has the wrong length for its country.`);
  if (number.ext !== undefined)
    throw new InvalidPhoneNumberError(shown, `"${shown}" has an extension, and an SMS goes to none.`);
  if (number.isNonGeographic()) throw new InvalidPhoneNumberError(shown, `"${shown}" belongs to no country.`);
  return { to: number.number as E164, country: number.country ?? null };
}

function parse(international: string, shown: string): ReturnType<typeof parsePhoneNumberWithError> {
  try {
    return parsePhoneNumberWithError(international, { extract: false });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new InvalidPhoneNumberError(
      shown,
      `"${shown}" ${problems[error.message] ?? "is not a phone number."}`,
    );
  }
}
