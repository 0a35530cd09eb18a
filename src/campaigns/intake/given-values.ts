import { arrayLiteral, element } from "../../database/array-literal.ts";
import { isStorable } from "../../lib/storable.ts";
import type { StoredValues } from "../../messages/changes/waiting-texts.ts";

/** A value that a recipient was given, and the place of its name. */
export type GivenValue = readonly [place: number, value: string];

/**
 * Values, by their places, as an array literal of PostgreSQL: a list with a null where there is none, or pairs of places and
 * values where most are missing. So neither a file with few columns nor a row with few cells takes more than what it holds. A
 * value that cannot be stored is none: only what the text asks for was checked.
 */
export function valuesLiteral(given: readonly GivenValue[]): string {
  const values = given.filter(([, value]) => isStorable(value));
  const length = Math.max(-1, ...values.map(([place]) => place)) + 1;
  if (length > 2 * values.length)
    return arrayLiteral(values.map(([place, value]) => arrayLiteral([place, element(value)])));
  const list = Array.from({ length }, () => element(null));
  for (const [place, value] of values) list[place] = element(value);
  return arrayLiteral(list);
}

/** The values at these places; undefined where there is none. */
export function valuesAt(places: readonly number[], stored: StoredValues): (string | undefined)[] {
  if (!isPairs(stored)) return places.map((place) => stored[place] ?? undefined);
  const values = new Map(stored);
  return places.map((place) => values.get(String(place)));
}

const isPairs = (stored: StoredValues): stored is [place: string, value: string][] =>
  Array.isArray(stored[0]);
