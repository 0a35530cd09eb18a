/** Characters around a value in JSON: quotation marks, a comma, and what a number or a word has on average. */
const around = 3;
const shortValue = 6;

/**
 * Whether the JSON of an answer has more than `most` characters. Roughly, and before it is made: the same text
 * asked for under many names is one text in memory, and many in JSON.
 */
export function isLongerThan(answer: unknown, most: number): boolean {
  return measure(answer, most) > most;
}

function measure(value: unknown, most: number): number {
  if (typeof value === "string") return value.length + around;
  if (typeof value !== "object" || value === null) return shortValue;
  let length = around;
  if (Array.isArray(value)) {
    for (const one of value) {
      length += measure(one, most - length);
      if (length > most) return length;
    }
    return length;
  }
  for (const name in value) {
    length += name.length + around + measure((value as Record<string, unknown>)[name], most - length);
    if (length > most) return length;
  }
  return length;
}
