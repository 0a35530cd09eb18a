import { recordAudit } from "../audit/record.ts";
import { openTable } from "../spreadsheets/open-table.ts";
import {
  cellsOf,
  UnreadableTableError,
  type Cells,
  type Table,
  type UploadedFile,
} from "../spreadsheets/table.ts";
import type { Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";
import { DomainError, InvalidInputError, type RefusedRow } from "../lib/errors.ts";
import { asLongRequestIfMany } from "../lib/places.ts";
import { Slices } from "../lib/slices.ts";
import { sendingSettingsOf } from "../sending-settings/store.ts";
import { parseRecipient } from "../sms/phone.ts";
import { addSuppressions, checkScope, type NewSuppression, type SuppressionInput } from "./suppressions.ts";

/** What an import came to. */
export interface ImportedSuppressions {
  added: number;
  /** Rows whose entry was on the list before. */
  known: number;
  refusedCount: number;
  /** The first few. */
  refused: RefusedRow[];
}

export const shownRefusals = 20;

/** Rows of one file. */
const maxRows = 20_000_000;

/** After so many new entries the planner learns how long the list is now. */
const manyEntries = 10_000;

const analyze: Statement = { name: "analyze_suppressions", text: "analyze suppressions" };

/** Where the columns are; -1 for one that is missing. */
interface Columns {
  number: number;
  sender: number;
  reason: number;
}

const numberNames = ["number", "to", "phone", "msisdn", "recipient"];

type Scope = Pick<NewSuppression, "sender" | "reason">;

interface ImportOptions {
  database: Database;
  clock: Clock;
}

/** Exactly one of `numbers` and `file`; what rows do not say themselves is said for all. */
export interface ImportInput extends Omit<SuppressionInput, "number"> {
  numbers?: readonly string[] | null | undefined;
  file?: UploadedFile | null | undefined;
}

/** Numbers in one call. More must come as a file. */
export const maxNumbers = 10_000;

/** The part of a table that is read here. */
type Entries = Pick<Table, "header" | "headerRow" | "rows" | "close">;

function ofList(numbers: readonly string[]): Entries {
  if (numbers.length === 0 || numbers.length > maxNumbers)
    throw new InvalidInputError(
      "numbers",
      `Give 1 to ${maxNumbers} numbers, not ${numbers.length}. More go in as a file.`,
    );
  const rows = async function* (): AsyncGenerator<Cells[]> {
    yield numbers.map((number) => cellsOf([number]));
  };
  return { header: [], headerRow: 1, rows: rows(), close: () => Promise.resolve() };
}

/**
 * Puts the numbers of a file (CSV or XLSX) on the list. Its header names a column `number` (or `to`), and may name `sender` and
 * `reason`; a file of nothing but numbers needs no header. Rows that cannot be read are left out and listed.
 * @throws InvalidInputError when the file cannot be read, or whoever sent it has gone; what was read before is on the list
 */
export const importSuppressions = (
  options: ImportOptions,
  accountId: string,
  input: ImportInput,
): Promise<ImportedSuppressions> =>
  // Files have places of their own, since they may take as long as a slow client.
  asLongRequestIfMany(accountId, input.numbers?.length ?? 0, () => importInto(options, accountId, input));

async function importInto(
  options: ImportOptions,
  accountId: string,
  { numbers, file, ...common }: ImportInput,
): Promise<ImportedSuppressions> {
  const scope = checkScope(common);
  if ((numbers == null) === (file == null))
    throw new InvalidInputError("numbers", "Give exactly one of `numbers` and `file`.");
  const { defaultCountry } = await sendingSettingsOf(options.database, accountId);
  const table =
    file == null
      ? ofList(numbers ?? [])
      : await openTable(file, { holder: accountId, signal: file.signal }).catch(refuse);
  const result: ImportedSuppressions = { added: 0, known: 0, refusedCount: 0, refused: [] };
  try {
    await addRows(options, accountId, { ...table, scope, defaultCountry }, result);
  } finally {
    await table.close();
    await auditEnd(options, accountId, result);
  }
  if (result.added >= manyEntries) await options.database.query(analyze, []);
  return result;
}

/** What an import has added stays, also when the rest of it fails. */
async function auditEnd(
  { database }: ImportOptions,
  accountId: string,
  result: ImportedSuppressions,
): Promise<void> {
  if (result.added === 0) return;
  const { added, known, refusedCount: refused } = result;
  await recordAudit(database, {
    accountId,
    action: "SUPPRESSIONS_IMPORTED",
    after: { added, known, refused },
  });
}

interface Rows extends Pick<Table, "header" | "headerRow" | "rows"> {
  /** Said for rows that say nothing themselves. */
  scope: Scope;
  /** The country of numbers without a country code. */
  defaultCountry: string | null;
}

async function addRows(
  options: ImportOptions,
  accountId: string,
  { header, headerRow, rows, scope, defaultCountry }: Rows,
  result: ImportedSuppressions,
): Promise<void> {
  const columns = columnsOf(header);
  // Without names, the first line is a row like the others; a list has no such line.
  const isHeaderless = columns.header === "none" && header.length > 0;
  const slices = new Slices(accountId);
  let position = columns.header === "none" ? headerRow - 1 : headerRow;
  let part: IteratorResult<Cells[]> = { done: false, value: isHeaderless ? [cellsOf(header)] : [] };
  for (; part.done !== true; part = await rows.next().catch(refuse)) {
    const entries: NewSuppression[] = [];
    for (const cells of part.value) {
      if (slices.isOver) await slices.rest();
      position++;
      if (cells.size === 0) continue;
      const entry = readRow(cells, position, columns, { scope, defaultCountry });
      if ("number" in entry) entries.push(entry);
      else if (++result.refusedCount <= shownRefusals) result.refused.push(entry);
    }
    if (position > maxRows) throw invalid(`The file has more than ${maxRows} rows. Divide it.`);
    const added = await addSome(options, accountId, entries, result.added === 0 ? scope : undefined);
    result.added += added;
    result.known += entries.length - added;
    await slices.rest();
  }
}

/** The first entries of an import are recorded with it, so that a kill leaves none without a trace. */
async function addSome(
  { database, clock }: ImportOptions,
  accountId: string,
  entries: readonly NewSuppression[],
  first: Scope | undefined,
): Promise<number> {
  if (!first) return (await addSuppressions({ database, clock }, accountId, entries, "IMPORT")).length;
  return database.transaction(async (transaction) => {
    const added = await addSuppressions({ database: transaction, clock }, accountId, entries, "IMPORT");
    if (added.length > 0)
      await recordAudit(transaction, { accountId, action: "SUPPRESSIONS_IMPORT_STARTED", after: first });
    return added.length;
  });
}

const invalid = (message: string): InvalidInputError => new InvalidInputError("file", message);

function refuse(error: unknown): never {
  throw error instanceof UnreadableTableError ? invalid(error.message) : error;
}

function columnsOf(header: readonly string[]): Columns & { header: "names" | "none" } {
  if (header.length === 0) return { number: 0, sender: -1, reason: -1, header: "none" };
  const names = header.map((name) => name.toLowerCase().trim());
  const number = names.findIndex((name) => numberNames.includes(name));
  const [sender, reason] = [names.indexOf("sender"), names.indexOf("reason")];
  if (number >= 0) return { number, sender, reason, header: "names" };
  const isNumber = header.length === 1 && /\d{7}/.test(header[0] ?? "");
  if (isNumber) return { number: 0, sender: -1, reason: -1, header: "none" };
  throw invalid(
    `The first row must name a column \`number\`. Columns found: ${names.join(", ").slice(0, 200)}.`,
  );
}

function readRow(
  cells: Cells,
  position: number,
  columns: Columns,
  { scope, defaultCountry }: Pick<Rows, "scope" | "defaultCountry">,
): NewSuppression | RefusedRow {
  const given = cells.get(columns.number) ?? "";
  try {
    const own = checkScope({
      sender: cells.get(columns.sender),
      reason: cells.get(columns.reason),
    });
    const { to: number } = parseRecipient(given, defaultCountry);
    return { number, sender: own.sender || scope.sender, reason: own.reason ?? scope.reason };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const recipient = given.slice(0, 100).replaceAll("\0", "\uFFFD").toWellFormed();
    return { position, recipient, code: error.code, reason: error.message };
  }
}
