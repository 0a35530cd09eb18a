import { InvalidInputError } from "../../lib/errors.ts";
import { isCountry } from "./networks.ts";

/** @throws InvalidInputError */
export function checkCountry(text: string, field: string): string {
  const code = text.trim().toUpperCase();
  if (isCountry(code)) return code;
  throw new InvalidInputError(field, `\`${field}\`: ${JSON.stringify(text)} is no country. Write it as SK.`);
}
