import type { FileReader } from "../file-reader.ts";
import { maxColumns, maxRowLength, unreadable, type Cells } from "../table.ts";
import { numberText, type NumberForm } from "./formats.ts";
import { maxCellLength, TextCollector, tooLong, type SharedStrings } from "./shared-strings.ts";
import { readXml, type XmlHandler } from "./xml.ts";

/** Of every spreadsheet. */
const maxRows = 1_048_576;

/** What the cells of a sheet refer to. */
export interface SheetContext {
  strings: SharedStrings | undefined;
  forms: readonly NumberForm[];
  isFrom1904: boolean;
}

const noCells: Cells = new Map();

/** The rows of a sheet from its first, in chunks. Rows that are not in the file are empty. */
export async function* readSheet(
  bytes: AsyncIterable<Buffer>,
  context: SheetContext,
  reader: FileReader,
): AsyncGenerator<Cells[]> {
  const sheet = new SheetHandler(context);
  for await (const _ of readXml(bytes, sheet, reader)) {
    const rows = sheet.take();
    if (rows.length > 0) yield rows;
  }
}

class SheetHandler implements XmlHandler {
  readonly #context: SheetContext;
  #rows: Cells[] = [];
  /** The number of the last row that was begun. */
  #row = 0;
  #cells = new Map<number, string>();
  /** Characters of its cells. */
  #length = 0;
  #column = 0;
  #type = "";
  #style = 0;
  #value = "";
  #isValue = false;
  readonly #inline = new TextCollector();
  #isInData = false;

  constructor(context: SheetContext) {
    this.#context = context;
  }

  take(): Cells[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === "sheetData") this.#isInData = true;
    if (!this.#isInData) return;
    if (name === "row") this.#beginRow(attributes["r"]);
    else if (name === "c") this.#beginCell(attributes);
    else if (name === "v") this.#isValue = true;
    else this.#inline.open(name);
  }

  text(text: string): void {
    if (this.#isValue) this.#write(text);
    else if (this.#isInData) this.#inline.write(text);
  }

  close(name: string): void {
    if (name === "v") this.#isValue = false;
    else if (name === "c") this.#endCell();
    else if (name === "row") this.#rows.push(this.#cells);
    else if (name === "sheetData") this.#isInData = false;
    else this.#inline.close(name);
  }

  #write(text: string): void {
    if (this.#value.length + text.length > maxCellLength) throw tooLong();
    this.#value += text;
  }

  #beginRow(number: string | undefined): void {
    const row = number === undefined ? this.#row + 1 : Number(number);
    if (!(row > this.#row && row <= maxRows))
      throw unreadable(`The rows of the sheet are out of order after row ${this.#row}. Save the file again.`);
    for (let empty = this.#row + 1; empty < row; empty++) this.#rows.push(noCells);
    this.#row = row;
    this.#cells = new Map();
    this.#length = 0;
    this.#column = 0;
  }

  #beginCell({ r, t, s }: Readonly<Record<string, string>>): void {
    this.#column = r === undefined ? this.#column + 1 : columnOf(r);
    this.#type = t ?? "n";
    this.#style = Number(s ?? 0);
    this.#value = "";
  }

  #endCell(): void {
    const text = this.#textOf().trim();
    this.#inline.take();
    if (text === "") return;
    if (!(this.#column >= 1 && this.#column <= maxColumns))
      throw unreadable(
        `Row ${this.#row} of the sheet has a cell beyond the first ${maxColumns} columns. Remove it.`,
      );
    this.#length += text.length;
    if (this.#length > maxRowLength)
      throw unreadable(
        `Row ${this.#row} of the sheet has more than ${maxRowLength} characters. Shorten its cells.`,
      );
    this.#cells.set(this.#column - 1, text);
  }

  #textOf(): string {
    const { strings, forms, isFrom1904 } = this.#context;
    switch (this.#type) {
      case "s":
        return this.#value === "" ? "" : (strings?.at(this.#value) ?? "");
      case "inlineStr":
        return this.#inline.take();
      case "b":
        return this.#value === "1" ? "TRUE" : "FALSE";
      case "n":
        return numberText(this.#value.trim(), forms[this.#style] ?? "number", isFrom1904);
      default:
        return this.#value;
    }
  }
}

/** The number of the column of a cell such as `AB12`; NaN for anything else. */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of /^[A-Z]{1,3}(?=\d)/.exec(reference)?.[0] ?? "")
    column = column * 26 + letter.charCodeAt(0) - 64;
  return column === 0 ? Number.NaN : column;
}
