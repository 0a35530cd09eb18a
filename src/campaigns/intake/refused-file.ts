import type { RefusedRow } from "../../lib/errors.ts";
import { toCsvCell } from "../../spreadsheets/text-cells.ts";

/** Rows of one file of refused rows. A list with more of them is another one than was meant. */
export const maxRowsInFile = 100_000;

/** Refused rows as CSV (RFC 4180), for whoever has to correct them. */
export class RefusedFile {
  #text = "row,to,code,reason\r\n";
  #left = maxRowsInFile;

  add(rows: readonly RefusedRow[]): void {
    const taken = rows.slice(0, this.#left);
    this.#left -= taken.length;
    this.#text += taken.map(toLine).join("");
  }

  get text(): string {
    return this.#text;
  }
}

const toLine = ({ position, recipient, code, reason }: RefusedRow): string =>
  `${[String(position), ...[recipient, code, reason].map(toCsvCell)].join(",")}\r\n`;
