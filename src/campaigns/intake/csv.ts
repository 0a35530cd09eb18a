import { openCsv, UnreadableCsvError, type Cells } from "../../lib/csv.ts";
import { InvalidInputError } from "../../lib/errors.ts";
import { unknownPlaceholders, type RecipientRow, type RecipientSource } from "./recipients.ts";
import { nameKey, type Template } from "./template.ts";

/** An uploaded file as a stream: read once, never held as a whole. */
export type UploadedFile = AsyncIterable<Uint8Array>;

/** Rows of one file, not counting the header. */
const maxFileRows = 5_000_000;

const invalid = (message: string): InvalidInputError => new InvalidInputError("file", message);

/**
 * Reads the recipients from a CSV file with a header row. The columns `to` and, optionally, `clientRef` are
 * found in any letter case; `client_ref`, which exports use, works too. Every other column is a value under
 * its name. An empty cell is no value. Empty rows are not refused, but they count when rows are numbered.
 * @throws InvalidInputError when there is no readable header, or the text names a column that the file does
 * not have
 */
export async function readCsv(file: UploadedFile, template: Template): Promise<RecipientSource> {
  const { header, rows } = await openCsv(file).catch(refuse);
  return readRows(rows, readHeader(header, template));
}

function refuse(error: unknown): never {
  throw error instanceof UnreadableCsvError ? invalid(error.message) : error;
}

/** Where the columns are in a row. */
interface Columns {
  count: number;
  to: number;
  /** -1 when there is none. */
  clientRef: number;
  values: readonly number[];
}

function readHeader(header: readonly string[], template: Template): Columns {
  const names = header.map((name) => known(name) ?? nameKey(name));
  const indexes = new Map(names.map((name, index) => [name, index]));
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(`The column "${shorten(twice)}" is there twice. Rename one of them.`);
  const found = shorten(names.filter((name) => name !== "").join(", ")) || "none";
  const to = indexes.get("to");
  if (to === undefined) {
    throw invalid(`The first row must name the columns, one of them \`to\`. Columns found: ${found}.`);
  }
  const missing = template.names.filter((name) => !indexes.has(name) && !header.includes(name));
  if (missing.length > 0) throw unknownPlaceholders(missing, `The file has the columns ${found}.`);
  return {
    count: header.length,
    to,
    clientRef: indexes.get("clientRef") ?? names.findIndex((name) => /^client[ _-]ref$/i.test(name)),
    values: template.names.map((name) => indexes.get(name) ?? header.indexOf(name)),
  };
}

const known = (name: string): string | undefined =>
  ["to", "clientRef"].find((column) => column.toLowerCase() === nameKey(name).toLowerCase());

async function* readRows(
  parts: AsyncIterator<Cells[]>,
  columns: Columns,
): AsyncGenerator<readonly RecipientRow[]> {
  let position = 1;
  for (;;) {
    const part = await parts.next().catch(refuse);
    if (part.done === true) return;
    const rows: RecipientRow[] = [];
    for (const cells of part.value) {
      position++;
      if (cells.some((cell) => cell !== "")) rows.push(toRow(cells, position, columns));
    }
    if (position > maxFileRows + 1)
      throw invalid(`The file has more than ${maxFileRows} rows. Make several campaigns of it.`);
    yield rows;
  }
}

function toRow(cells: Cells, position: number, columns: Columns): RecipientRow {
  const clientRef = cells[columns.clientRef] ?? "";
  const extra = cells.slice(columns.count).some((cell) => cell !== "");
  return {
    ...(extra && { problem: `The row has ${cells.length} cells, the header ${columns.count}.` }),
    position,
    to: cells[columns.to] ?? "",
    clientRef: clientRef === "" ? null : clientRef,
    values: columns.values.map((index) => cells[index] || undefined),
  };
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
