import { InvalidInputError } from "./errors.ts";

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/**
 * Returns the text if PostgreSQL can store it. Search terms need this too: a query with such a text is an
 * error.
 * @throws InvalidInputError
 */
export function requireStorable(text: string, field: string): string {
  if (isStorable(text)) return text;
  throw new InvalidInputError(
    field,
    `\`${field}\` contains a NUL character or half a surrogate pair. Remove it.`,
  );
}
