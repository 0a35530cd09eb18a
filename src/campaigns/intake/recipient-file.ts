import { openTable } from "../../spreadsheets/open-table.ts";
import type { ReaderHints } from "../../spreadsheets/file-reader.ts";
import {
  UnreadableTableError,
  type Cells,
  type Table,
  type TableHints,
  type UploadedFile,
} from "../../spreadsheets/table.ts";
import { InvalidInputError } from "../../lib/errors.ts";
import type { GivenValue } from "./given-values.ts";
import { unknownPlaceholders, type RecipientRow, type RecipientSource } from "./recipients.ts";
import { nameKey, type Template } from "./template.ts";

/** Rows of one file, not counting the header. */
const maxFileRows = 5_000_000;

/** Characters of the values that are kept of one recipient until a campaign begins. */
const maxKeptLength = 10_000;

const invalid = (message: string): InvalidInputError => new InvalidInputError("file", message);

/**
 * Reads the recipients from a CSV file or a workbook with a header row. The columns `to` and, optionally, `clientRef` are
 * found whatever their case, spaces and underscores, and so are the columns of placeholders. Every other column is a
 * value under its name; `columns` says what is named otherwise. An empty cell is no value. Empty rows are not refused, but
 * they count when rows are numbered.
 * @throws InvalidInputError when there is no readable header, or the text names a column that the file does
 * not have
 */
export async function readRecipientFile(
  file: UploadedFile,
  template: Template,
  columns: readonly MappedColumn[] = [],
  hints: TableHints & ReaderHints & { keepsValues?: boolean } = {},
): Promise<FileSource> {
  const table = await openTable(file, hints).catch(refuse);
  try {
    const found = readHeader(table.header, template, columns);
    return sourceOf(table, hints.keepsValues === true ? found : { ...found, places: undefined }, template);
  } catch (error) {
    await table.close();
    throw error;
  }
}

/** Recipients of a file, and how it is read. */
export type FileSource = RecipientSource & Required<Pick<RecipientSource, "reading" | "close">>;

function sourceOf(table: Table, columns: Columns, { names, atOnce }: Template): FileSource {
  const { reading, header } = table;
  const asOf = (index: number): string | null => {
    if (index === columns.to) return "to";
    if (index === columns.clientRef) return "clientRef";
    return names[columns.values.indexOf(index)] ?? null;
  };
  const found = { file: reading, columns: header.map((name, index) => ({ name, as: asOf(index) })), rows: 0 };
  const rows = readRows(table, columns, atOnce, (count) => (found.rows += count));
  return {
    [Symbol.asyncIterator]: () => rows,
    reading: found,
    ...(columns.places && { valueNames: columns.valueNames }),
    close: () => table.close(),
  };
}

/** A column of a file that is to be read as another one. */
export interface MappedColumn {
  column: string;
  /** `to`, `clientRef` or the name of a placeholder. */
  as: string;
}

function refuse(error: unknown): never {
  throw error instanceof UnreadableTableError ? invalid(error.message) : error;
}

/** Where the columns are in a row. */
interface Columns {
  count: number;
  to: number;
  /** -1 when there is none. */
  clientRef: number;
  values: readonly number[];
  /** Of all that hold values. */
  valueNames: readonly string[];
  /** The place of each column's name there, -1 for one that holds no values; undefined when values are not kept. */
  places: readonly number[] | undefined;
}

function readHeader(header: readonly string[], template: Template, mapped: readonly MappedColumn[]): Columns {
  const renamed = renamesOf(header, mapped);
  const names = header.map((name, index) => renamed.get(index) ?? known(name) ?? nameKey(name));
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(`The column "${shorten(twice)}" is there twice. Rename one of them.`);
  const found = shorten(names.filter((name) => name !== "").join(", ")) || "none";
  const to = names.indexOf("to");
  if (to === -1) {
    throw invalid(
      `The first row must name the columns, one of them \`to\`. Columns found: ${found}. Or say in \`columns\` which of them is \`to\`.`,
    );
  }
  const values = template.names.map((name) => indexOfName(name, names, header));
  const missing = template.names.filter((_, index) => values[index] === -1);
  if (missing.length > 0) throw unknownPlaceholders(missing, `The file has the columns ${found}.`);
  const clientRef = names.indexOf("clientRef");
  const valueNames: string[] = [];
  const places = names.map((name, index) => {
    const isValue = name !== "" && ((index !== to && index !== clientRef) || values.includes(index));
    return isValue ? valueNames.push(name) - 1 : -1;
  });
  return { count: header.length, to, clientRef, values, valueNames, places };
}

/** The column with exactly this name, otherwise the only one that differs in case, spaces, underscores or hyphens. */
export function indexOfName(name: string, names: readonly string[], header: readonly string[]): number {
  const exact = names.includes(name) ? names.indexOf(name) : header.indexOf(name);
  if (exact !== -1) return exact;
  const alike = looseKeysOf(names).get(looseKey(name)) ?? [];
  return alike.length === 1 ? (alike[0] ?? -1) : -1;
}

/** The places of the columns by their loose names: a text may ask for thousands of columns. */
function looseKeysOf(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const known = looseKeys.get(names);
  if (known) return known;
  const made = Map.groupBy(names.keys(), (index) => looseKey(names[index] ?? ""));
  looseKeys.set(names, made);
  return made;
}

const looseKeys = new WeakMap<readonly string[], ReadonlyMap<string, readonly number[]>>();

/** As many as a file may have. */
const maxMapped = 1_000;

/** The names that the caller gives to columns, by their places. @throws InvalidInputError */
function renamesOf(header: readonly string[], mapped: readonly MappedColumn[]): ReadonlyMap<number, string> {
  if (mapped.length > maxMapped)
    throw new InvalidInputError("columns", `Give at most ${maxMapped} columns, each once.`);
  const names = header.map(nameKey);
  return new Map(
    mapped.map(({ column, as }, index) => {
      const place = indexOfName(nameKey(column), names, header);
      if (place !== -1) return [place, known(as) ?? nameKey(as)] as const;
      throw new InvalidInputError(
        `columns.${index}.column`,
        `The file has no column "${shorten(column)}". It has ${shorten(header.join(", "))}.`,
      );
    }),
  );
}

const looseKey = (name: string): string =>
  nameKey(name)
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, "");

const known = (name: string): string | undefined =>
  ["to", "clientRef"].find((column) => looseKey(column) === looseKey(name));

async function* readRows(
  { rows: parts, headerRow }: Table,
  columns: Columns,
  atOnce: number,
  onRows: (count: number) => void,
): AsyncGenerator<readonly RecipientRow[]> {
  let position = headerRow;
  try {
    for (;;) {
      const part = await parts.next().catch(refuse);
      if (part.done === true) return;
      const rows: RecipientRow[] = [];
      for (const cells of part.value) {
        position++;
        if (cells.size > 0) rows.push(toRow(cells, position, columns));
      }
      if (position > maxFileRows + headerRow)
        throw invalid(`The file has more than ${maxFileRows} rows. Make several campaigns of it.`);
      onRows(rows.length);
      for (let start = 0; start < rows.length; start += atOnce) yield rows.slice(start, start + atOnce);
    }
  } finally {
    await parts.return(undefined);
  }
}

function toRow(cells: Cells, position: number, columns: Columns): RecipientRow {
  const given = columns.places && givenIn(cells, columns.places);
  const problem = problemOf(cells, columns.count, given);
  return {
    ...(problem !== undefined && { problem }),
    position,
    to: cells.get(columns.to) ?? "",
    clientRef: cells.get(columns.clientRef) ?? null,
    values: columns.values.map((index) => cells.get(index)),
    ...(given && { given }),
  };
}

function givenIn(cells: Cells, places: readonly number[]): GivenValue[] {
  const given: GivenValue[] = [];
  for (const [column, value] of cells) {
    const place = places[column] ?? -1;
    if (place !== -1) given.push([place, value]);
  }
  return given;
}

function problemOf(cells: Cells, count: number, given: readonly GivenValue[] = []): string | undefined {
  const last = Math.max(...cells.keys());
  if (last >= count) return `The row has ${last + 1} cells, the header ${count}.`;
  const length = given.reduce((sum, [, value]) => sum + value.length, 0);
  if (length <= maxKeptLength) return undefined;
  return `The values of the row have ${length} characters. Until a campaign begins, ${maxKeptLength} are kept. Leave out columns that its text does not need.`;
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
