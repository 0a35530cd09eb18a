import { listOf, unreadable, type Cells, type Reading, type Table, type TableHints } from "../table.ts";
import type { FileReader } from "../file-reader.ts";
import { Archive } from "./archive.ts";
import { readForms } from "./formats.ts";
import { SharedStrings } from "./shared-strings.ts";
import { readSheet } from "./sheet.ts";
import { SpoolFile } from "./spool.ts";
import { readWhole, type XmlHandler } from "./xml.ts";

interface Sheet {
  name: string;
  /** The name of its part in the archive. */
  part: string;
}

interface Workbook {
  /** Those that are not hidden. */
  sheets: Sheet[];
  isFrom1904: boolean;
}

/** A person has some hundred. */
const maxSheets = 10_000;

const tooManySheets = () =>
  unreadable(`The workbook has more than ${maxSheets} sheets. Save the one with the recipients by itself.`);

const root = "xl/workbook.xml";

/**
 * Opens a workbook (XLSX). Its directory is at its end and its texts are apart from its cells, so the file is kept on disk,
 * without a name, until its rows are read. Memory does not grow with its size.
 * @throws UnreadableTableError
 */
export async function openXlsx(
  file: AsyncIterable<Uint8Array>,
  { sheet: wanted }: TableHints,
  reader: FileReader,
): Promise<Table> {
  const held: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(held.splice(0).map((one) => one.close()));
  };
  try {
    const spool = await SpoolFile.create();
    held.push(spool);
    for await (const bytes of file) await spool.append(bytes);
    await reader.takePlace();
    const archive = await Archive.open(spool.fd);
    if (!archive.has(root))
      throw unreadable("The file is a ZIP file without a workbook in it. Give the XLSX or CSV file itself.");
    const { sheets, isFrom1904 } = await readWorkbook(archive, reader);
    const sheet = choose(sheets, wanted);
    const strings = archive.has("xl/sharedStrings.xml")
      ? await SharedStrings.read(archive.read("xl/sharedStrings.xml"), reader)
      : undefined;
    if (strings) held.push(strings);
    const forms = archive.has("xl/styles.xml") ? await readForms(archive.read("xl/styles.xml"), reader) : [];
    const reading: Reading = { format: "XLSX", sheet: sheet.name, sheets: sheets.map(({ name }) => name) };
    const rows = readSheet(archive.read(sheet.part), { strings, forms, isFrom1904 }, reader);
    return await tableOf(rows, { reading, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The header is the first row with anything in it. */
async function tableOf(
  chunks: AsyncGenerator<Cells[]>,
  rest: Pick<Table, "reading" | "close">,
): Promise<Table> {
  let headerRow = 1;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true)
      throw unreadable(`The sheet "${rest.reading.sheet}" is empty. Its first row must name the columns.`);
    const first = value.findIndex((cells) => cells.size > 0);
    if (first === -1) headerRow += value.length;
    else {
      const rows = closing(value.slice(first + 1), chunks, rest.close);
      return { header: listOf(value[first] ?? new Map()), headerRow: headerRow + first, rows, ...rest };
    }
  }
}

async function* closing(
  first: Cells[],
  chunks: AsyncGenerator<Cells[]>,
  close: () => Promise<void>,
): AsyncGenerator<Cells[]> {
  try {
    yield first;
    yield* chunks;
  } finally {
    await close();
  }
}

async function readWorkbook(archive: Archive, reader: FileReader): Promise<Workbook> {
  const targets = new Map<string, string>();
  const relationships: XmlHandler = {
    open(name, attributes) {
      if (targets.size > maxSheets) throw tooManySheets();
      if (name === "Relationship") targets.set(attributes["Id"] ?? "", attributes["Target"] ?? "");
    },
  };
  await readWhole(archive.read("xl/_rels/workbook.xml.rels"), relationships, reader);
  const sheets: Sheet[] = [];
  let isFrom1904 = false;
  const workbook: XmlHandler = {
    open(name, attributes) {
      if (name === "workbookPr") isFrom1904 = ["1", "true"].includes(attributes["date1904"] ?? "");
      if (name !== "sheet" || (attributes["state"] ?? "visible") !== "visible") return;
      if (sheets.length >= maxSheets) throw tooManySheets();
      const [, id = ""] = Object.entries(attributes).find(([key]) => key.endsWith(":id")) ?? [];
      sheets.push({ name: attributes["name"] ?? "", part: partOf(targets.get(id) ?? "") });
    },
  };
  await readWhole(archive.read(root), workbook, reader);
  return { sheets, isFrom1904 };
}

/** The targets of relationships begin at the folder of the workbook, or with a slash at the root. */
const partOf = (target: string): string => (target.startsWith("/") ? target.slice(1) : `xl/${target}`);

function choose(sheets: readonly Sheet[], wanted: string | null | undefined): Sheet {
  const key = wanted?.trim().toLowerCase();
  const sheet = key === undefined ? sheets[0] : sheets.find(({ name }) => name.trim().toLowerCase() === key);
  if (sheet) return sheet;
  const names = sheets.map(({ name }) => `"${name}"`).join(", ");
  throw unreadable(
    sheets.length === 0
      ? "The workbook has no visible sheet."
      : `The workbook has no sheet "${wanted?.slice(0, 100)}". It has ${names.slice(0, 300)}.`,
  );
}
