import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { otherThanFile } from "../../lib/other-than-file.ts";
import { isStorableTime } from "../../lib/storable.ts";
import { openTable } from "../../spreadsheets/open-table.ts";
import type { Cells, Table } from "../../spreadsheets/table.ts";
import { readRates, type RateInput } from "./rate-input.ts";
import type { NewRate } from "./rate-store.ts";

/** The columns of a rate file; others are ignored. */
export const columns = [
  "mccmnc",
  "mcc",
  "mnc",
  "country",
  "price",
  "currency",
  "validFrom",
  "validUntil",
] as const;
type Column = (typeof columns)[number];

/** What is wrong with a row of the file. */
export interface RowProblem {
  /** As spreadsheets count rows: the header is row 1. */
  row: number;
  text: string;
}

interface RateFile {
  rows: number;
  rates: NewRate[];
  problems: RowProblem[];
}

/** The file is not a readable rate file; the message says what to do. */
class UnreadableFileError extends Error {}

const sameName = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, "");

/**
 * @throws UnreadableFileError when a column is missing or ambiguous
 */
/** So many characters of a header are repeated. */
const maxShown = 150;

function readHeader(header: readonly string[]): (Column | undefined)[] {
  const found = header.map((name) => columns.find((column) => sameName(column) === sameName(name)));
  const names = found.filter((name) => name !== undefined);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UnreadableFileError(`There are two columns "${twice}". Remove one.`);
  for (const needed of ["price", "currency"] as const) {
    if (names.includes(needed)) continue;
    const named = header.join(", ");
    const shown = named.length > maxShown ? `${named.slice(0, maxShown)}…` : named;
    const text = `The first row must name the columns, and "${needed}" is not among them: ${shown}.`;
    throw new UnreadableFileError(`${text} Known columns: ${columns.join(", ")}.`);
  }
  if (!names.some((name) => name === "mccmnc" || name === "mcc" || name === "country"))
    throw new UnreadableFileError("No column says where a rate counts. Add mccmnc, mcc and mnc, or country.");
  return found;
}

/**
 * Reads a CSV file as a stream. All rows are checked, so that all problems are reported at once.
 * @throws UnreadableFileError
 */
export async function readRateFile(
  path: string,
  now: Date,
  onProgress: (bytesRead: number, bytes: number) => void = () => undefined,
): Promise<RateFile> {
  const found = await stat(path).catch((error: Error) => {
    throw new UnreadableFileError(`${path} cannot be read (${error.message}). Check the path.`);
  });
  const wrong = otherThanFile(found);
  if (wrong !== undefined) throw new UnreadableFileError(`${path} is ${wrong}. Name a CSV file.`);
  let header: (Column | undefined)[] | undefined;
  const inputs: RateInput[] = [];
  const problems: RowProblem[] = [];
  const rowOf: number[] = [];
  let [row, filled] = [1, 0];
  let csv: Table | undefined;
  try {
    csv = await openTable(reported(createReadStream(path), (bytes) => onProgress(bytes, found.size)));
    row = csv.headerRow;
    if (csv.header.length > 0) header = readHeader(csv.header);
    for await (const part of csv.rows) {
      for (const cells of part) {
        row++;
        if (!header || cells.size === 0) continue;
        filled++;
        const reading = toInput(header, cells);
        if ("problem" in reading) problems.push({ row, text: reading.problem });
        else rowOf[inputs.push(reading.input) - 1] = row;
      }
    }
  } catch (error) {
    if (error instanceof UnreadableFileError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new UnreadableFileError(`${path} cannot be read after row ${row}: ${text}`);
  } finally {
    await csv?.close();
  }
  if (!header) throw new UnreadableFileError(`${path} is empty. Its first row must name the columns.`);
  const checked = readRates(inputs, now, (index) => rowOf[index] ?? index + 1);
  for (const { index, problem } of checked.problems)
    problems.push({ row: rowOf[index] ?? 0, text: problem.text });
  const inOrder = problems.toSorted((one, other) => one.row - other.row);
  return { rows: filled, rates: checked.rates, problems: inOrder };
}

async function* reported(
  file: AsyncIterable<Buffer>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    onRead(bytes);
    yield chunk;
  }
}

function toInput(
  header: readonly (Column | undefined)[],
  cells: Cells,
): { input: RateInput } | { problem: string } {
  const values: Partial<Record<Column, string>> = {};
  for (const [index, column] of header.entries())
    if (column !== undefined) values[column] = cells.get(index) ?? "";
  const validFrom = readTime(values.validFrom);
  const validUntil = readTime(values.validUntil);
  if (!validFrom.ok || !validUntil.ok)
    return {
      problem: "A time is written like 2026-01-31 or 2026-01-31T08:00:00Z; without a zone it is UTC.",
    };
  const { price = "", currency = "", ...where } = values;
  // Spreadsheets in many European countries write 0,05.
  const terms = { price: price.replace(/^(\d+),(\d+)$/, "$1.$2"), currency: currency.toUpperCase() };
  return { input: { ...where, ...terms, validFrom: validFrom.time, validUntil: validUntil.time } };
}

function readTime(text: string | undefined): { ok: true; time: Date | undefined } | { ok: false } {
  if (text === undefined || text === "") return { ok: true, time: undefined };
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text))
    return { ok: false };
  const iso = text.replace(" ", "T");
  const hasZone = /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(iso);
  const time = new Date(hasZone || !iso.includes("T") ? iso : `${iso}Z`);
  return isStorableTime(time) ? { ok: true, time } : { ok: false };
}
