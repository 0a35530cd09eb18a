import { decoding } from "./charset.ts";
import { openCsv } from "./csv.ts";
import { FileReader, type ReaderHints } from "./file-reader.ts";
import { unreadable, type Cells, type Table, type TableHints } from "./table.ts";
import { openXlsx } from "./xlsx/workbook.ts";

/** Enough bytes to recognise a file format. */
const formatBytes = 128;

/**
 * Opens an uploaded file as a table, whatever it is: CSV in any common encoding and with any separator, or a workbook (XLSX).
 * @throws UnreadableTableError also while its rows are read; TooManyRequestsError when too many files of the holder are read
 */
export async function openTable(
  file: AsyncIterable<Uint8Array>,
  hints: TableHints & ReaderHints = {},
): Promise<Table> {
  const reader = new FileReader(hints);
  try {
    await reader.enter();
    const table = await openWith(reader, file, hints);
    return {
      ...table,
      rows: leaving(table.rows, reader),
      close: async () => {
        reader.leave();
        await table.close();
      },
    };
  } catch (error) {
    reader.leave();
    throw error;
  }
}

async function* leaving(rows: AsyncGenerator<Cells[]>, reader: FileReader): AsyncGenerator<Cells[]> {
  try {
    yield* rows;
  } finally {
    reader.leave();
  }
}

async function openWith(
  reader: FileReader,
  file: AsyncIterable<Uint8Array>,
  hints: TableHints,
): Promise<Table> {
  const { head, whole } = await peek(file);
  const format = formatOf(head.toString("latin1", 0, formatBytes));
  if (format === "XLSX") return openXlsx(whole, hints, reader);
  if (format !== undefined)
    throw unreadable(
      `The file is ${format}, not CSV or XLSX. Open it in your spreadsheet, save it as "CSV UTF-8 (comma delimited)" or as XLSX, and give that file.`,
    );
  if (hints.sheet != null) throw unreadable("The file is CSV and has no sheets. Leave `sheet` out.");
  const { bytes, reading } = decoding(whole, hints);
  const { header, rows, separator } = await openCsv(bytes, reader);
  return {
    header,
    headerRow: 1,
    rows,
    reading: Object.assign(reading, { separator }),
    close: () => Promise.resolve(),
  };
}

/** The beginning of a file, and the file with it. */
async function peek(
  file: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; whole: AsyncGenerator<Uint8Array> }> {
  const chunks = file[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < formatBytes) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next()) yield chunk.value;
  }
  return { head, whole: whole() };
}

/** Recognises what people give beside CSV, by how the file begins; undefined for what may be CSV. */
function formatOf(begin: string): string | undefined {
  const zip = begin.includes("vnd.oasis.opendocument") ? "an OpenDocument spreadsheet (ODS)" : "XLSX";
  const known: Readonly<Record<string, string>> = {
    "PK\u0003\u0004": zip,
    "\u00D0\u00CF\u0011\u00E0": "an old Excel workbook (XLS), or one with a password",
    "\u001F\u008B": "a gzip file",
    "%PDF": "a PDF",
  };
  const [, what] = Object.entries(known).find(([mark]) => begin.startsWith(mark)) ?? [];
  return what ?? (/^\s*<(?:!doctype|html|table|\?xml)/i.test(begin) ? "a web page or XML" : undefined);
}
