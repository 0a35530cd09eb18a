import { InvalidInputError } from "./errors.ts";

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/**
 * The text itself, also where it is only looked for: asking PostgreSQL about what it cannot store is an error.
 * @throws InvalidInputError
 */
export function requireStorable(text: string, field: string): string {
  if (isStorable(text)) return text;
  throw new InvalidInputError(
    field,
    `\`${field}\` contains a NUL character or half a surrogate pair. Remove it.`,
  );
}
