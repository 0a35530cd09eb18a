import { openTable } from "../../spreadsheets/open-table.ts";
import {
  listOf,
  UnreadableTableError,
  type Reading,
  type TableHints,
  type UploadedFile,
} from "../../spreadsheets/table.ts";
import { InvalidInputError } from "../../lib/errors.ts";

/** How many rows are shown below the header. */
export const sampleRows = 5;
/** How many rows are looked at for them: others may be empty. */
const maxLookedAt = 10_000;
/** The most columns and characters of a cell that are shown. */
const [maxColumns, maxCell] = [200, 200];

/** The beginning of a file: what it is, its columns, and its first rows. */
export interface FileHead {
  reading: Readonly<Reading>;
  columns: string[];
  sample: string[][];
}

const shown = (cells: readonly string[]): string[] =>
  cells.slice(0, maxColumns).map((cell) => cell.slice(0, maxCell));

/**
 * Reads no more of a file than its first rows, whatever its columns are called.
 * @throws InvalidInputError when it is no table
 */
export async function readFileHead(
  file: UploadedFile,
  hints: TableHints & { holder: string },
): Promise<FileHead> {
  try {
    const { signal } = file;
    const table = await openTable(file, { ...hints, signal });
    try {
      const sample: string[][] = [];
      let lookedAt = 0;
      for await (const rows of table.rows) {
        const filled = rows.filter((cells) => cells.size > 0);
        sample.push(...filled.slice(0, sampleRows - sample.length).map((cells) => shown(listOf(cells))));
        lookedAt += rows.length;
        if (sample.length === sampleRows || lookedAt >= maxLookedAt) break;
      }
      return { reading: table.reading, columns: shown(table.header), sample };
    } finally {
      await table.close();
    }
  } catch (error) {
    throw error instanceof UnreadableTableError ? new InvalidInputError("file", error.message) : error;
  }
}
