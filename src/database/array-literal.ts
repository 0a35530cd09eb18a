/** An array literal of PostgreSQL. Elements that are texts must be written by `element`, or need no quotes. */
export const arrayLiteral = (elements: readonly (string | number)[]): string => `{${elements.join(",")}}`;

/** A text, or null, as an element of an array literal. */
export const element = (text: string | null): string =>
  text === null ? "NULL" : `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, String.raw`\$&`) : text}"`;
