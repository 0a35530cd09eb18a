import { isUtf8 } from "node:buffer";
import { CsvError, parse, type Parser } from "csv-parse";
import { InvalidInputError } from "../../lib/errors.ts";
import { unknownPlaceholders, type RecipientRow, type RecipientSource } from "./recipients.ts";
import type { Template } from "./template.ts";

/** A file as it comes in: read once, and never as a whole. */
export type UploadedFile = AsyncIterable<Uint8Array>;

/** Rows of one file, the header not counted. */
export const maxFileRows = 5_000_000;

const longestHeaderBytes = 65_536;
/** Bytes understood at once: other requests have their turn in between. */
const pieceBytes = 8_192;
/** Characters of one row; a quotation mark without its end would swallow the rest of the file. */
const longestRow = 65_536;
const delimiters = [",", ";", "\t"] as const;

const invalid = (message: string): InvalidInputError => new InvalidInputError("file", message);

type Cells = string[];

/**
 * The recipients of a CSV file: UTF-8, a header row, cells parted by commas, semicolons or tabs (as the header is).
 * The columns `to` and, where there is one, `clientRef` are found in any case; every other column is a value under its
 * exact name. An empty cell is no value. Empty rows do not count as refused, but they are rows.
 * @throws InvalidInputError when there is no readable header, or the text names a column that is not there
 */
export async function readCsv(file: UploadedFile, template: Template): Promise<RecipientSource> {
  const chunks = decodable(file)[Symbol.asyncIterator]();
  const head = await readHead(chunks);
  const parser = new RowParser(delimiterOf(firstLine(head)));
  let rows = await parser.write(head);
  while (rows.length === 0) {
    const { value, done } = await chunks.next();
    rows = done === true ? await parser.end() : await parser.write(value);
    if (done === true) break;
  }
  const columns = readHeader(rows[0] ?? [], template);
  return readRows(chunks, parser, rows.slice(1), columns);
}

/** Where in a row its parts are. */
interface Columns {
  count: number;
  to: number;
  /** -1 when there is none. */
  clientRef: number;
  values: readonly number[];
}

function readHeader(header: readonly string[], template: Template): Columns {
  const named = header.filter((name) => name !== "").map((name) => known(name) ?? name);
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(`The column "${shorten(twice)}" is there twice. Rename one of them.`);
  const places = new Map(header.map((name, place) => [known(name) ?? name, place]));
  const to = places.get("to");
  if (to === undefined) {
    const found = shorten(named.join(", ")) || "none";
    throw invalid(`The first row must name the columns, one of them \`to\`. Columns found: ${found}.`);
  }
  const missing = template.names.filter((name) => !places.has(name));
  if (missing.length > 0)
    throw unknownPlaceholders(missing, `The file has the columns ${shorten(named.join(", "))}.`);
  return {
    count: header.length,
    to,
    clientRef: places.get("clientRef") ?? -1,
    values: template.names.map((name) => places.get(name) ?? -1),
  };
}

const known = (name: string): string | undefined =>
  ["to", "clientRef"].find((column) => column.toLowerCase() === name.toLowerCase());

async function* readRows(
  chunks: AsyncIterator<Uint8Array>,
  parser: RowParser,
  first: readonly Cells[],
  columns: Columns,
): AsyncGenerator<readonly RecipientRow[]> {
  let position = 1;
  const toRows = (records: readonly Cells[]): RecipientRow[] => {
    const rows: RecipientRow[] = [];
    for (const cells of records) {
      position++;
      if (cells.some((cell) => cell !== "")) rows.push(toRow(cells, position, columns));
    }
    if (position > maxFileRows + 1)
      throw invalid(`The file has more than ${maxFileRows} rows. Make several campaigns of it.`);
    return rows;
  };
  yield toRows(first);
  for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next()) {
    for (const piece of piecesOf(chunk.value)) yield toRows(await parser.write(piece));
  }
  yield toRows(await parser.end());
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < chunk.length; start += pieceBytes)
    yield chunk.subarray(start, start + pieceBytes);
}

function toRow(cells: Cells, position: number, columns: Columns): RecipientRow {
  const clientRef = cells[columns.clientRef] ?? "";
  const extra = cells.slice(columns.count).some((cell) => cell !== "");
  return {
    ...(extra && { problem: `The row has ${cells.length} cells, the header ${columns.count}.` }),
    position,
    to: cells[columns.to] ?? "",
    clientRef: clientRef === "" ? null : clientRef,
    values: columns.values.map((place) => cells[place] || undefined),
  };
}

/** Feeds a parser and takes what it has understood so far: no more rows in memory than one piece of the file has. */
class RowParser {
  readonly #parser: Parser;
  #rows: Cells[] = [];
  #ended = Promise.withResolvers<void>();

  constructor(delimiter: string) {
    this.#parser = parse({
      delimiter,
      bom: true,
      trim: true,
      relax_quotes: true,
      relax_column_count: true,
      max_record_size: longestRow,
    });
    this.#parser.on("data", (cells: Cells) => this.#rows.push(cells));
    this.#parser.on("end", () => this.#ended.resolve());
    this.#parser.on("error", (error) => this.#ended.reject(error));
    this.#ended.promise.catch(() => undefined);
  }

  async write(chunk: Uint8Array): Promise<Cells[]> {
    const written = Promise.withResolvers<void>();
    this.#parser.write(chunk, (error) => (error ? written.reject(error) : written.resolve()));
    await written.promise.catch(explain);
    return this.#take();
  }

  /** The rows that were left; nothing more when it has ended before. */
  async end(): Promise<Cells[]> {
    if (!this.#parser.writableEnded) this.#parser.end();
    await this.#ended.promise.catch(explain);
    return this.#take();
  }

  #take(): Cells[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}

const csvProblems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quotation mark has no end.",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quotation mark.",
  CSV_MAX_RECORD_SIZE: `a row has more than ${longestRow} characters, or a quotation mark has no end.`,
};

function explain(error: unknown): never {
  if (!(error instanceof CsvError)) throw error;
  const problem = csvProblems[error.code] ?? "it is not CSV.";
  const { lines } = error as { lines?: unknown };
  throw invalid(`The file cannot be read${typeof lines === "number" ? ` at line ${lines}` : ""}: ${problem}`);
}

/** Reads as far as the end of the first line, at least. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
    if (head.includes("\n") || head.includes("\r")) break;
    if (head.length > longestHeaderBytes)
      throw invalid(`The first row has more than ${longestHeaderBytes} bytes, or the file no lines.`);
  }
  if (head.length === 0) throw invalid("The file is empty. Its first row must name the columns.");
  return head;
}

const firstLine = (head: Buffer): string => head.toString("utf8").split(/[\r\n]/, 1)[0] ?? "";

/** What the header has most of, outside of quotation marks. */
function delimiterOf(line: string): string {
  const bare = line.replaceAll(/"[^"]*"/g, "");
  const count = (delimiter: string): number => bare.split(delimiter).length;
  return delimiters.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

/** Passes on whole pieces of UTF-8. Another encoding is refused: names would come out wrong on phones. */
async function* decodable(file: UploadedFile): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of file) {
    const bytes =
      rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([rest, chunk]);
    const end = bytes.length - unfinishedBytes(bytes);
    rest = Buffer.from(bytes.subarray(end));
    const whole = bytes.subarray(0, end);
    checkEncoding(whole);
    yield whole;
  }
  checkEncoding(rest);
}

function checkEncoding(bytes: Buffer): void {
  if (isUtf8(bytes) && !bytes.includes(0)) return;
  throw invalid("The file is not UTF-8 text. Save it as `CSV UTF-8`.");
}

/** How many bytes at the end begin a character that goes on in the next piece. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
