import { parseAddressRange } from "./address-ranges.ts";
import { InvalidInputError } from "./errors.ts";

/** The most ranges of one list. */
export const maxAddresses = 100;

/** The ranges, as they are stored. @throws InvalidInputError */
export function checkRanges(ranges: readonly string[], field: string): string[] {
  if (ranges.length > maxAddresses)
    throw new InvalidInputError(field, `\`${field}\` may have at most ${maxAddresses} entries.`);
  return ranges.map((text, index) => {
    if (parseAddressRange(text)) return text.trim();
    const place = `${field}.${index}`;
    const advice = "is neither an address nor a network. Write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32.";
    throw new InvalidInputError(place, `\`${place}\`: ${JSON.stringify(text)} ${advice}`);
  });
}
