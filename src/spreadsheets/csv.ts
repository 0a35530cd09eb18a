import { CsvError, parse, type Parser } from "csv-parse";
import type { FileReader } from "./file-reader.ts";
import { fromTextCell } from "./text-cells.ts";
import { cellsOf, maxColumns, maxRowLength, unreadable, type Cells } from "./table.ts";

/** A CSV file as a stream of rows, of any size. */
interface Csv {
  /** Names of the columns; empty for a file without rows. */
  header: string[];
  /** The rows below the header, in chunks. Empty rows are included. */
  rows: AsyncGenerator<Cells[]>;
  /** What is between the cells of a row. */
  separator: string;
}

const maxHeaderBytes = 65_536;
const delimiters = [",", ";", "\t", "|"] as const;

/**
 * Reads CSV in UTF-8 with any line endings. Cells are separated by commas, semicolons, tabs or bars: whichever the header
 * uses, or a first line such as `sep=;` names.
 * @throws UnreadableTableError also while its rows are read
 */
export async function openCsv(file: AsyncIterable<Uint8Array>, reader: FileReader): Promise<Csv> {
  const chunks = file[Symbol.asyncIterator]();
  const { head, delimiter } = await readHead(chunks);
  const parser = new RowParser(delimiter);
  const parts = readRows(parser, { head, chunks }, reader);
  let first: string[][] = [];
  while (first.length === 0) {
    const part = await parts.next();
    if (part.done === true) break;
    first = part.value;
  }
  const [header = [], ...others] = first;
  if (header.length > maxColumns)
    throw unreadable(`The file has more than ${maxColumns} columns. Remove those that are not needed.`);
  return { header, rows: continuing(others, parts), separator: delimiter };
}

async function* continuing(first: string[][], parts: AsyncGenerator<string[][]>): AsyncGenerator<Cells[]> {
  yield first.map(cellsOf);
  for await (const part of parts) yield part.map(cellsOf);
}

async function* readRows(
  parser: RowParser,
  { head, chunks }: { head: Uint8Array; chunks: AsyncIterator<Uint8Array> },
  reader: FileReader,
): AsyncGenerator<string[][]> {
  for (let bytes = head; ;) {
    for (let start = 0; start < bytes.length;) {
      const end = start + reader.pieceLength;
      reader.begin();
      const rows = await parser.write(bytes.subarray(start, end));
      await reader.rest();
      yield rows;
      start = end;
    }
    const next = await chunks.next();
    if (next.done === true) break;
    bytes = next.value;
  }
  yield await parser.end();
}

/** Feeds the parser and takes its finished rows, so that only the rows of one piece are in memory. */
class RowParser {
  readonly #parser: Parser;
  #rows: string[][] = [];
  #ended = Promise.withResolvers<void>();

  constructor(delimiter: string) {
    this.#parser = parse({
      delimiter,
      bom: true,
      // Not at the end: with `rtrim` the parser refuses a file because of one nickname in quotation marks.
      ltrim: true,
      relax_quotes: true,
      relax_column_count: true,
      // Without this, the parser expects every line to end as the first one does.
      record_delimiter: ["\r\n", "\n", "\r"],
      // An unclosed quotation mark would otherwise take the rest of the file.
      max_record_size: maxRowLength,
    });
    this.#parser.on("data", (cells: string[]) => this.#rows.push(cells.map(tidy)));
    this.#parser.on("end", () => this.#ended.resolve());
    this.#parser.on("error", (error) => this.#ended.reject(error));
    this.#ended.promise.catch(() => undefined);
  }

  async write(chunk: Uint8Array): Promise<string[][]> {
    const written = Promise.withResolvers<void>();
    this.#parser.write(chunk, (error) => (error ? written.reject(error) : written.resolve()));
    await written.promise.catch(explain);
    return this.#take();
  }

  /** The remaining rows; none when the parser had ended before. */
  async end(): Promise<string[][]> {
    if (!this.#parser.writableEnded) this.#parser.end();
    await this.#ended.promise.catch(explain);
    return this.#take();
  }

  #take(): string[][] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}

/**
 * Removes spaces around a cell and after its quotation marks, and the apostrophe that protects text from
 * spreadsheets.
 */
function tidy(cell: string): string {
  const [, quoted] = /^"([^"]*)"\s+$/.exec(cell) ?? [];
  return fromTextCell((quoted ?? cell).trim());
}

const csvProblems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quotation mark has no end.",
  CSV_MAX_RECORD_SIZE: `a row has more than ${maxRowLength} characters, or a quotation mark has no end.`,
};

function explain(error: unknown): never {
  if (!(error instanceof CsvError)) throw error;
  const problem = csvProblems[error.code] ?? "it is not CSV.";
  const { lines } = error as { lines?: unknown };
  throw unreadable(
    `The file cannot be read${typeof lines === "number" ? ` at line ${lines}` : ""}: ${problem}`,
  );
}

/** Reads at least to the end of the header. Removes a first line that names the delimiter. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<{ head: Buffer; delimiter: string }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const { chunk, done } = await nextAtLeast(
      Math.min(head.length, maxHeaderBytes + 1 - head.length),
      chunks,
    );
    head = Buffer.concat([head, chunk]);
    const [line, delimiter] = separatorOf(head);
    const header = head.subarray(Buffer.byteLength(line));
    if (done && head.length === 0)
      throw unreadable("The file is empty. Its first row must name the columns.");
    // The first line may name the delimiter, and its line end may arrive in two chunks.
    const isComplete = /[\r\n][^]/.test(header.toString("latin1"));
    if (done || isComplete) return { head: header, delimiter: delimiter ?? delimiterOf(firstLine(header)) };
    if (head.length > maxHeaderBytes)
      throw unreadable(`The first row has more than ${maxHeaderBytes} bytes, or the file no lines.`);
  }
}

/**
 * The next chunks, together at least so many bytes: what is looked at doubles each time, so that a file in tiny chunks is not
 * joined again with each of them.
 */
async function nextAtLeast(
  bytes: number,
  chunks: AsyncIterator<Uint8Array>,
): Promise<{ chunk: Buffer; done: boolean }> {
  const parts: Uint8Array[] = [];
  for (let length = 0; ;) {
    const { value, done } = await chunks.next();
    if (done === true) return { chunk: Buffer.concat(parts), done };
    parts.push(value);
    length += value.length;
    if (length > 0 && length >= bytes) return { chunk: Buffer.concat(parts), done: false };
  }
}

/** A first line `sep=;` (or `sep=;;;`), which Excel reads and hides, and the delimiter in it. */
function separatorOf(head: Buffer): [line: string, delimiter?: string] {
  const [line = "", delimiter] =
    /^\uFEFF?"?sep=([^\r\n])"?\1*(?:\r\n|\n|\r)/i.exec(head.toString("utf8", 0, 64)) ?? [];
  return delimiter === undefined ? [""] : [line, delimiter];
}

const firstLine = (head: Buffer): string => head.toString("utf8").split(/[\r\n]/, 1)[0] ?? "";

/** The most frequent delimiter of the header, outside quotation marks. */
function delimiterOf(line: string): string {
  const bare = line.replaceAll(/"[^"]*"/g, "");
  const count = (delimiter: string): number => bare.split(delimiter).length;
  return delimiters.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}
