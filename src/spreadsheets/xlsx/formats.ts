import { unreadable } from "../table.ts";
import type { FileReader } from "../file-reader.ts";
import { readWhole, type XmlHandler } from "./xml.ts";

/** How the numbers of a style are shown, as far as it matters here. */
export type NumberForm = "number" | "date" | { digits: number };

/** Formats that are built in and show dates or times (ECMA-376, 18.8.30). */
const builtInDates = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54,
  55, 56, 57, 58,
]);

/** More than any spreadsheet can have (65,490 formats of cells). */
const maxForms = 100_000;

/** Characters of a format that somebody made; no spreadsheet writes longer ones. */
const maxCodeLength = 255;

const tooManyForms = () =>
  unreadable(`The workbook has more than ${maxForms} formats. Save it as CSV UTF-8.`);

/** Reads the number formats of `styles.xml`, by the number of a style. */
export async function readForms(bytes: AsyncIterable<Buffer>, reader: FileReader): Promise<NumberForm[]> {
  const custom = new Map<number, NumberForm>();
  const forms: NumberForm[] = [];
  let isCellStyle = false;
  const formOf = (id: number): NumberForm => custom.get(id) ?? (builtInDates.has(id) ? "date" : "number");
  const handler: XmlHandler = {
    open(name, attributes) {
      if (custom.size > maxForms || forms.length > maxForms) throw tooManyForms();
      if (name === "numFmt")
        custom.set(Number(attributes["numFmtId"]), readCode(attributes["formatCode"] ?? ""));
      if (name === "cellXfs") isCellStyle = true;
      if (name === "xf" && isCellStyle) forms.push(formOf(Number(attributes["numFmtId"] ?? 0)));
    },
    close(name) {
      if (name === "cellXfs") isCellStyle = false;
    },
  };
  await readWhole(bytes, handler, reader);
  return forms;
}

function readCode(code: string): NumberForm {
  if (code.length > maxCodeLength)
    throw unreadable(
      `A number format of the workbook has more than ${maxCodeLength} characters. Save it again.`,
    );
  // Quoted text, colours, locales and escaped characters are no parts of a date. One that does not end reaches to the end.
  const bare = code.replaceAll(/"[^"]*"?|\\.|\[[^\]]*\]?|_./g, "").split(";", 1)[0] ?? "";
  if (/[dmyhs]/i.test(bare) && !/[#?]/.test(bare)) return "date";
  return /^0{2,}$/.test(bare) ? { digits: bare.length } : "number";
}

/** Integers up to here are exact in a spreadsheet. */
const mostExact = 1e15;
const dayMs = 86_400_000;
/** Day 0 of a spreadsheet, and of one that counts from 1904. */
const [epoch, epoch1904] = [Date.UTC(1899, 11, 30), Date.UTC(1904, 0, 1)];

/** A number as its cell shows it: a phone number has all its digits, a date is written as in ISO 8601. */
export function numberText(written: string, form: NumberForm, isFrom1904: boolean): string {
  // Most numbers. V8 keeps the texts that it makes of numbers, for each of a million.
  if (form === "number" && /^[1-9]\d{0,14}$/.test(written)) return written;
  const value = Number(written);
  if (written === "" || !Number.isFinite(value)) return written;
  if (form === "date") return dateText(value, isFrom1904) ?? written;
  if (Number.isInteger(value)) {
    if (Math.abs(value) >= mostExact) return written;
    return typeof form === "object" ? String(value).padStart(form.digits, "0") : String(value);
  }
  return String(Number(value.toPrecision(15)));
}

function dateText(value: number, isFrom1904: boolean): string | undefined {
  const time = Math.round(value * 86_400) * 1000 + (isFrom1904 ? epoch1904 : epoch);
  const date = new Date(time);
  if (Number.isNaN(date.getTime()) || value < 0 || value > 2_958_466) return undefined;
  const [day = "", clock = ""] = date.toISOString().split("T");
  if (value < 1) return clock.slice(0, 5);
  return time % dayMs === 0 ? day : `${day} ${clock.slice(0, 5)}`;
}
