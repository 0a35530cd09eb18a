import { createSecretBox, type SecretBox } from "../connections/secret-box.ts";
import type { Database } from "../database/database.ts";
import { sealedColumns, type SealedColumn } from "./sealed-columns.ts";

export interface ResealOptions {
  database: Database;
  /** The key that everything is to be encrypted with. */
  key: Uint8Array;
  /** Keys that it may be encrypted with now. */
  others: readonly Uint8Array[];
  /** Only count. */
  checkOnly?: boolean;
  onProgress?: (counts: Readonly<ResealCounts>) => void;
  /** Ends after the rows that are being done. */
  signal?: AbortSignal;
  rowsAtOnce?: number;
}

/** How far one column has come. */
export interface ResealCounts {
  column: string;
  total: number;
  /** Rows that were looked at. */
  done: number;
  /** Those that were encrypted with another key, and are not any more; with `checkOnly`, that still are. */
  resealed: number;
  /** The rows that no given key opens. */
  unreadable: string[];
}

interface Row {
  id: string;
  sealed: Uint8Array;
}

const firstId = "00000000-0000-0000-0000-000000000000";

/**
 * Encrypts everything with `key` that another one encrypted, some rows at a time, while smsgraph runs. Each row tells
 * by itself which key opens it, so a run that was broken off is simply started again.
 */
export async function reseal(options: ResealOptions): Promise<ResealCounts[]> {
  const results: ResealCounts[] = [];
  for (const column of sealedColumns) results.push(await resealColumn(options, column));
  return results;
}

async function resealColumn(options: ResealOptions, column: SealedColumn): Promise<ResealCounts> {
  const { database, onProgress, signal, rowsAtOnce = 200 } = options;
  const [row] = await database.query<{ count: number }>(column.count, []);
  const name = `${column.table}.${column.column}`;
  const counts: ResealCounts = { column: name, total: row?.count ?? 0, done: 0, resealed: 0, unreadable: [] };
  const boxes = boxesOf(options);
  const isBrokenOff = (): boolean => signal?.aborted === true;
  for (let after = firstId; !isBrokenOff();) {
    const last = await database.transaction(async (transaction) => {
      const rows = await transaction.query<Row>(column.read, [after, rowsAtOnce]);
      const old = rows.flatMap((one) => resealedRow(boxes, one, counts));
      if (old.length > 0 && options.checkOnly !== true)
        await transaction.query(column.write, [old.map(({ id }) => id), old.map(({ sealed }) => sealed)]);
      counts.done += rows.length;
      counts.resealed += old.length;
      return rows.at(-1)?.id;
    });
    if (last === undefined) break;
    after = last;
    onProgress?.(counts);
  }
  return counts;
}

interface Boxes {
  current: SecretBox;
  any: SecretBox;
}

const boxesOf = ({ key, others }: ResealOptions): Boxes => ({
  current: createSecretBox(key),
  any: createSecretBox(key, others),
});

/** Nothing for a row that the current key opens already, or that no key opens. */
function resealedRow({ current, any }: Boxes, { id, sealed }: Row, counts: ResealCounts): Row[] {
  if (opened(current, sealed, id) !== undefined) return [];
  const value = opened(any, sealed, id);
  if (value !== undefined) return [{ id, sealed: current.seal(value, id) }];
  counts.unreadable.push(id);
  return [];
}

function opened(box: SecretBox, sealed: Uint8Array, id: string): object | undefined {
  try {
    return box.open(sealed, id) as object;
  } catch {
    return undefined;
  }
}
