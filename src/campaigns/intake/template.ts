import { InvalidTextError } from "../../lib/errors.ts";
import { isStorable } from "../../lib/storable.ts";

/**
 * A text with placeholders, such as `Hello {{first_name}}`. Spaces inside the braces are ignored. `\{{`
 * writes the braces themselves.
 */
export interface Template {
  /** The placeholder names, each once, in the order of first use. */
  readonly names: readonly string[];
  /** For how many recipients it may be filled in at once, so that others have a turn in between. */
  readonly atOnce: number;
  /** Returns undefined when a value is missing. `values` are in the order of `names`. */
  render(values: readonly (string | undefined)[]): string | undefined;
}

const maxNameLength = 64;

/** Characters, placeholders included. 255 segments of GSM-7 are fewer. */
const maxTextLength = 40_000;

const maxAtOnce = 2_500;
const maxCharactersAtOnce = 640 * maxAtOnce;

/**
 * Makes names equal that look the same: Unicode writes a letter in several ways, has many spaces, and
 * characters that nobody sees.
 */
export const nameKey = (name: string): string =>
  name
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/\s+/g, " ")
    .trim();

/**
 * The template of a text that a caller gives.
 * @throws InvalidTextError when it cannot be stored, is too long, or has a placeholder that is none
 */
export function readTemplate(text: string): Template {
  if (!isStorable(text))
    throw new InvalidTextError("The text contains a NUL character or half a surrogate pair. Remove it.");
  return parseTemplate(text);
}

/**
 * @throws InvalidTextError when a placeholder is not closed or has no name, or the text is far too long
 */
export function parseTemplate(text: string): Template {
  if (text.length > maxTextLength)
    throw new InvalidTextError(`The text has more than ${maxTextLength} characters. Shorten it.`);
  const places = new Map<string, number>();
  const literals: string[] = [];
  const slots: number[] = [];
  let literal = "";
  let rest = text;
  for (let start = rest.indexOf("{{"); start !== -1; start = rest.indexOf("{{")) {
    if (rest[start - 1] === "\\") {
      literal += `${rest.slice(0, start - 1)}{{`;
      rest = rest.slice(start + 2);
      continue;
    }
    const end = rest.indexOf("}}", start);
    const name = readName(end === -1 ? undefined : rest.slice(start + 2, end), rest.slice(start));
    literals.push(literal + rest.slice(0, start));
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    slots.push(place);
    literal = "";
    rest = rest.slice(end + 2);
  }
  return {
    names: [...places.keys()],
    atOnce: atOnceOf(text.length),
    render: (values) => render(literals, slots, literal + rest, values),
  };
}

/** A text of four segments is filled in for as many as are stored at once. */
const atOnceOf = (length: number): number =>
  Math.min(Math.max(Math.floor(maxCharactersAtOnce / length), 20), maxAtOnce);

function readName(written: string | undefined, from: string): string {
  const name = nameKey(written ?? "");
  if (name !== "" && name.length <= maxNameLength && !/[{}]/.test(name)) return name;
  const shown = from.length > 30 ? `${from.slice(0, 30)}…` : from;
  throw new InvalidTextError(
    `"${shown}" is no placeholder. Write one as {{name}}, with a name of 1 to ${maxNameLength} characters; ` +
      "for the braces themselves write \\{{.",
  );
}

function render(
  literals: readonly string[],
  slots: readonly number[],
  end: string,
  values: readonly (string | undefined)[],
): string | undefined {
  let text = "";
  for (let index = 0; index < slots.length; index++) {
    const value = values[slots[index] ?? 0];
    if (value === undefined) return undefined;
    text += literals[index] + value;
    // It has more segments than any provider takes, however it goes on.
    if (text.length > maxTextLength) return text;
  }
  return text + end;
}
