import { InvalidInputError } from "../../lib/errors.ts";
import { parseCountry } from "../../sms/countries.ts";

/** @throws InvalidInputError */
export function checkCountry(text: string, field: string): string {
  const code = parseCountry(text);
  if (code !== undefined) return code;
  throw new InvalidInputError(
    field,
    `\`${field}\`: ${JSON.stringify(text.slice(0, 100))} is no country. Write it as SK.`,
  );
}
