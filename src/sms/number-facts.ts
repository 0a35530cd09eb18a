import { parsePhoneNumberWithError, type NumberType } from "libphonenumber-js/max";
import type { E164 } from "../providers/provider.ts";
import { parseRecipient } from "./phone.ts";

/** What the numbering plans say about a number. Only its operator knows whether it is in use. */
export interface NumberFacts {
  number: E164;
  /** Whether its digits belong to a range that is assigned. */
  valid: boolean;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  callingCode: string;
  national: string;
  international: string;
  /** Undefined where the plan does not say. */
  type: NumberType;
}

/** @throws InvalidPhoneNumberError */
export function readNumberFacts(input: string): NumberFacts {
  const { to, country } = parseRecipient(input);
  const parsed = parsePhoneNumberWithError(to);
  return {
    number: to,
    valid: parsed.isValid(),
    country,
    callingCode: parsed.countryCallingCode,
    national: parsed.formatNational(),
    international: parsed.formatInternational(),
    type: parsed.getType(),
  };
}
