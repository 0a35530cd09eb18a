import type { RefusedRow } from "../../lib/errors.ts";
import { toCsvCell } from "../../spreadsheets/text-cells.ts";

/** Rows of one file of refused rows. A list with more of them is another one than was meant. */
export const maxRowsInFile = 100_000;

const head = "row,to,code,reason\r\n";

/** Refused rows as CSV (RFC 4180), for whoever has to correct them. It is kept as bytes: few ask for it. */
export class RefusedFile {
  readonly #parts = [Buffer.from(head)];
  #left = maxRowsInFile;

  add(rows: readonly RefusedRow[]): void {
    const taken = rows.slice(0, this.#left);
    this.#left -= taken.length;
    if (taken.length > 0) this.#parts.push(Buffer.from(taken.map(toLine).join("")));
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString();
  }
}

const toLine = ({ position, recipient, code, reason }: RefusedRow): string =>
  `${[String(position), ...[recipient, code, reason].map(toCsvCell)].join(",")}\r\n`;
