import { InvalidInputError } from "./errors.ts";

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/** The same of every text in a value that becomes JSON. */
export const isStorableValue = (value: unknown): boolean =>
  typeof value === "string"
    ? isStorable(value)
    : typeof value !== "object" ||
      value === null ||
      Object.entries(value).every(([name, one]) => isStorable(name) && isStorableValue(one));

const [earliest, latest] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("9999-12-31T23:59:59.999Z")];

/** Whether a time is in a year from 1 to 9999: PostgreSQL and JavaScript write others each in its own way. */
export const isStorableTime = (time: Date): boolean => time.getTime() >= earliest && time.getTime() <= latest;

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
