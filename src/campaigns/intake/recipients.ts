import { InvalidInputError } from "../../lib/errors.ts";
import type { Reading } from "../../spreadsheets/table.ts";
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
  /** All its values, in the order of `RecipientSource.valueNames`; absent when they are not kept. */
  given?: readonly (string | null)[];
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

const batchSize = 2_500;

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
  const known = (name: string): boolean =>
    recipients.some(({ values }) => valueOf(values, name) !== undefined);
  const unknown = template.names.filter((name) => !known(name));
  if (unknown.length > 0) throw unknownPlaceholders(unknown, "No recipient has such a value.");
  if (!keepsValues) return inBatches(recipients, template);
  const given = new GivenValues(recipients);
  const rows = inBatches(recipients, template, given);
  return { [Symbol.asyncIterator]: () => rows, valueNames: given.names };
}

async function* inBatches(
  recipients: readonly RecipientInput[],
  { names }: Template,
  given?: GivenValues,
): AsyncGenerator<readonly RecipientRow[]> {
  for (let start = 0; start < recipients.length; start += batchSize) {
    yield recipients.slice(start, start + batchSize).map(({ to, clientRef, callbackUrl, values }, index) => ({
      position: start + index + 1,
      to,
      clientRef: clientRef ?? null,
      callbackUrl,
      values: names.map((name) => valueOf(values, name)),
      ...(given && { given: given.of(values) }),
    }));
  }
}

/** Numbers and booleans are written as in JSON; lists and objects have no text. */
function valueOf(values: RecipientInput["values"], name: string): string | undefined {
  if (values == null) return undefined;
  const key = Object.hasOwn(values, name) ? name : Object.keys(values).find((one) => nameKey(one) === name);
  return key === undefined ? undefined : textOf(values[key]);
}

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
    for (const { values } of recipients)
      for (const written of Object.keys(values ?? {}))
        if (!this.#places.has(written)) this.#places.set(written, this.#placeOf(nameKey(written), known));
  }

  of(values: RecipientInput["values"]): (string | null)[] {
    const given: (string | null)[] = this.names.map(() => null);
    for (const [written, value] of Object.entries(values ?? {})) {
      const place = this.#places.get(written) ?? -1;
      if (place !== -1) given[place] ??= textOf(value) ?? null;
    }
    return given;
  }

  #placeOf(name: string, known: Map<string, number>): number {
    const place = known.get(name) ?? (name === "" || known.size >= maxNames ? -1 : this.names.push(name) - 1);
    known.set(name, place);
    return place;
  }
}

export function unknownPlaceholders(names: readonly string[], problem: string): InvalidInputError {
  const shown = names.map((name) => `{{${name}}}`).join(", ");
  return new InvalidInputError("text", `The text asks for ${shown}. ${problem} Names must match exactly.`);
}
