/** What is in one row, by its columns from 0. An empty cell is none: a table may have a thousand columns, and a row of it two cells. */
export type Cells = ReadonlyMap<number, string>;

export const cellsOf = (list: readonly string[]): Cells =>
  new Map(list.entries().filter(([, cell]) => cell !== ""));

/** The cells up to the last that is not empty. */
export const listOf = (cells: Cells): string[] =>
  Array.from({ length: Math.max(-1, ...cells.keys()) + 1 }, (_, column) => cells.get(column) ?? "");

/** Spreadsheets have more, but nobody has so many values of a person. */
export const maxColumns = 1_000;

/** The most characters of one row. */
export const maxRowLength = 65_536;

/** The file cannot be read as a table. The message says what it is and what to do. */
export class UnreadableTableError extends Error {}

export const unreadable = (message: string): UnreadableTableError => new UnreadableTableError(message);

/** How a file was read. */
export interface Reading {
  format: "CSV" | "XLSX";
  /** The encoding of a CSV file (a WHATWG label such as `windows-1250`); `utf-8` while only ASCII has come. */
  encoding?: string;
  /** How the encoding is known. */
  encodingFrom?: "GIVEN" | "MARK" | "CONTENT";
  /** What is between the cells of a CSV file. */
  separator?: string;
  /** The sheet of a workbook that is read. */
  sheet?: string;
  /** All visible sheets of a workbook. */
  sheets?: string[];
}

/** An uploaded file as a stream: read once, never held as a whole. */
export interface UploadedFile extends AsyncIterable<Uint8Array> {
  /** Aborts when whoever sent it has gone. */
  readonly signal?: AbortSignal;
}

/** A table as a stream of rows, of any size. */
export interface Table {
  /** Names of the columns; empty for a file without rows. */
  header: string[];
  /** The row of the header: the first is 1. */
  headerRow: number;
  /** The rows below the header, in chunks. Empty rows are included. */
  rows: AsyncGenerator<Cells[]>;
  /** Complete when all rows are read: an encoding may show late. */
  reading: Readonly<Reading>;
  /** Frees what the file holds. Reading its rows to the end does that, too. */
  close(): Promise<void>;
}

/** What the caller knows of a file. */
export interface TableHints {
  /** Its encoding, as a label of WHATWG. */
  encoding?: string | null | undefined;
  /** The sheet of a workbook; absent: the first visible one. */
  sheet?: string | null | undefined;
  /** The calling code of most of its people, if that is known. */
  callingCode?: string | undefined;
}
