import { InvalidInputError } from "../../lib/errors.ts";
import { nameKey, type Template } from "./template.ts";

/** A recipient as given, not checked yet. */
export interface RecipientRow {
  /** The row in the input: counted from 1 in a list; in a file the header is row 1. */
  position: number;
  to: string;
  clientRef: string | null;
  /**
   * One value for each name in the campaign's template, in the template's order; undefined where there is
   * none.
   */
  values: readonly (string | undefined)[];
  /** Why the row itself cannot be read. */
  problem?: string;
}

/** Recipients in batches, however many there are. */
export type RecipientSource = AsyncIterable<readonly RecipientRow[]>;

/** A recipient as the API takes it. */
export interface RecipientInput {
  to: string;
  clientRef?: string | null | undefined;
  values?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Recipients in one call. More must come as a file. */
export const maxInlineRecipients = 100_000;

const batchSize = 2_500;

/**
 * Reads the recipients of a list.
 * @throws InvalidInputError when there are none or too many, or the text names a value that no recipient has
 */
export function readInline(recipients: readonly RecipientInput[], template: Template): RecipientSource {
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
  return inBatches(recipients, template);
}

async function* inBatches(
  recipients: readonly RecipientInput[],
  { names }: Template,
): AsyncGenerator<readonly RecipientRow[]> {
  for (let start = 0; start < recipients.length; start += batchSize) {
    yield recipients.slice(start, start + batchSize).map(({ to, clientRef, values }, index) => ({
      position: start + index + 1,
      to,
      clientRef: clientRef ?? null,
      values: names.map((name) => valueOf(values, name)),
    }));
  }
}

/** Numbers and booleans are written as in JSON; lists and objects have no text. */
function valueOf(values: RecipientInput["values"], name: string): string | undefined {
  if (values == null) return undefined;
  const key = Object.hasOwn(values, name) ? name : Object.keys(values).find((one) => nameKey(one) === name);
  const value = key === undefined ? undefined : values[key];
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

export function unknownPlaceholders(names: readonly string[], problem: string): InvalidInputError {
  const shown = names.map((name) => `{{${name}}}`).join(", ");
  return new InvalidInputError("text", `The text asks for ${shown}. ${problem} Names must match exactly.`);
}
