import { InvalidInputError } from "../../lib/errors.ts";
import type { Reading } from "../../spreadsheets/table.ts";
import type { GivenValue } from "./given-values.ts";
import { nameKey, type Template } from "./template.ts";

/** A recipient as given, not checked yet. */
export interface RecipientRow {
  /** The row in the input: counted from 1 in a list; in a file the header is row 1. */
  position: number;
  to: string;
  clientRef: string | null;
  /** Where the receipts of its message are posted. */
  callbackUrl?: string | null | undefined;
  /**
   * One value for each name in the campaign's template, in the template's order; undefined where there is
   * none.
   */
  values: readonly (string | undefined)[];
  /** All its values, by their places in `RecipientSource.valueNames`; absent when they are not kept. */
  given?: readonly GivenValue[];
  /** Why the row itself cannot be read. */
  problem?: string;
}

/** How a file was read. */
export interface FileReading {
  file: Readonly<Reading>;
  /** Its columns, and what each was read as; null for one that nothing asks for. */
  columns: { name: string; as: string | null }[];
  /** Rows with something in them, so far. */
  rows: number;
}

/** Recipients in batches, however many there are. */
export interface RecipientSource extends AsyncIterable<readonly RecipientRow[]> {
  /** For those of a file. */
  reading?: FileReading;
  /** The names of all values that its rows have; absent when they are not kept. */
  valueNames?: readonly string[];
  /** Frees what it holds, also when its rows are not read. */
  close?: () => Promise<void>;
}

/** A recipient as the API takes it. */
export interface RecipientInput {
  to: string;
  clientRef?: string | null | undefined;
  /** Not in the GraphQL API. */
  callbackUrl?: string | null | undefined;
  values?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Recipients in one call. More must come as a file. */
export const maxInlineRecipients = 100_000;

/**
 * Reads the recipients of a list.
 * @throws InvalidInputError when there are none or too many, or the text names a value that no recipient has
 */
export function readInline(
  recipients: readonly RecipientInput[],
  template: Template,
  { keepsValues = false } = {},
): RecipientSource {
  if (recipients.length === 0 || recipients.length > maxInlineRecipients) {
    throw new InvalidInputError(
      "recipients",
      `Give 1 to ${maxInlineRecipients} recipients, not ${recipients.length}. More go in as a file.`,
    );
  }
  const wanted = new WantedValues(template);
  const unknown = wanted.missingIn(recipients);
  if (unknown.length > 0) throw unknownPlaceholders(unknown, "No recipient has such a value.");
  if (!keepsValues) return inBatches(recipients, wanted);
  const given = new GivenValues(recipients);
  const rows = inBatches(recipients, wanted, given);
  return { [Symbol.asyncIterator]: () => rows, valueNames: given.names };
}

async function* inBatches(
  recipients: readonly RecipientInput[],
  wanted: WantedValues,
  given?: GivenValues,
): AsyncGenerator<readonly RecipientRow[]> {
  const { atOnce } = wanted;
  for (let start = 0; start < recipients.length; start += atOnce) {
    yield recipients.slice(start, start + atOnce).map(({ to, clientRef, callbackUrl, values }, index) => ({
      position: start + index + 1,
      to,
      clientRef: clientRef ?? null,
      callbackUrl,
      values: wanted.of(values),
      ...(given && { given: given.of(values) }),
    }));
  }
}

/** So many different spellings of names are compared by what they look like; others must be exact. */
const maxSpellings = 10_000;

/** Makes names comparable, each spelling once: a hundred thousand recipients have the same few. */
class Spellings {
  readonly #known = new Map<string, string>();

  nameOf(written: string): string {
    const known = this.#known.get(written);
    if (known !== undefined) return known;
    if (this.#known.size >= maxSpellings) return written;
    const name = nameKey(written);
    this.#known.set(written, name);
    return name;
  }
}

/** The values that a template asks for. */
class WantedValues {
  readonly atOnce: number;
  readonly #names: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #spellings = new Spellings();

  constructor({ names, atOnce }: Template) {
    this.#names = names;
    this.atOnce = atOnce;
    this.#places = new Map(names.map((name, place) => [name, place]));
  }

  /** In the order of the template. */
  of(values: RecipientInput["values"]): (string | undefined)[] {
    const wanted = this.#names.map((): string | undefined => undefined);
    for (const [place, text] of this.#in(values ?? {})) wanted[place] ??= text;
    return wanted;
  }

  /** The names of which no recipient has a value. */
  missingIn(recipients: readonly RecipientInput[]): string[] {
    const missing = new Set(this.#places.values());
    for (const { values } of recipients) {
      if (missing.size === 0) break;
      for (const [place, text] of this.#in(values ?? {})) if (text !== undefined) missing.delete(place);
    }
    return this.#names.filter((_, place) => missing.has(place));
  }

  /** A name that is written exactly goes before one that only looks the same. */
  *#in(values: Readonly<Record<string, unknown>>): Generator<[place: number, text: string | undefined]> {
    for (const written in values) {
      const name = this.#spellings.nameOf(written);
      const place = this.#places.get(name);
      if (place === undefined || (written !== name && Object.hasOwn(values, name))) continue;
      yield [place, textOf(values[written])];
    }
  }
}

/** Numbers and booleans are written as in JSON; lists and objects have no text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** Different names of values that are kept. */
const maxNames = 1_000;

/** All values of a list of recipients, by the names that any of them has. */
class GivenValues {
  /** The places of the names, as they are written. */
  readonly #places = new Map<string, number>();
  readonly names: string[] = [];

  constructor(recipients: readonly RecipientInput[]) {
    const known = new Map<string, number>();
    const spellings = new Spellings();
    for (const { values } of recipients)
      for (const written of Object.keys(values ?? {}))
        if (!this.#places.has(written))
          this.#places.set(written, this.#placeOf(spellings.nameOf(written), known));
  }

  of(values: RecipientInput["values"]): GivenValue[] {
    const given = new Map<number, string>();
    for (const [written, value] of Object.entries(values ?? {})) {
      const [place, text] = [this.#places.get(written) ?? -1, textOf(value)];
      if (place !== -1 && text !== undefined && !given.has(place)) given.set(place, text);
    }
    return [...given];
  }

  #placeOf(name: string, known: Map<string, number>): number {
    const place = known.get(name) ?? (name === "" || known.size >= maxNames ? -1 : this.names.push(name) - 1);
    known.set(name, place);
    return place;
  }
}

const maxShownNames = 20;

export function unknownPlaceholders(names: readonly string[], problem: string): InvalidInputError {
  const some = names.slice(0, maxShownNames).map((name) => `{{${name}}}`);
  const shown = `${some.join(", ")}${names.length > maxShownNames ? " and others" : ""}`;
  return new InvalidInputError("text", `The text asks for ${shown}. ${problem} Names must match exactly.`);
}
