import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { openTable } from "../../src/spreadsheets/open-table.ts";
import { listOf, UnreadableTableError, type Table } from "../../src/spreadsheets/table.ts";
import { inlineRow, workbookParts, zipOf } from "../support/zip.ts";

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const open = (file: Buffer, sheet?: string, size = 1000): Promise<Table> =>
  openTable(inPieces(file, size), { sheet });

async function read(
  file: Buffer,
  sheet?: string,
): Promise<{ header: string[]; rows: string[][]; headerRow: number }> {
  const { header, headerRow, rows } = await open(file, sheet);
  const all: string[][] = [];
  for await (const part of rows) all.push(...part.map(listOf));
  return { header, headerRow, rows: all };
}

const fixture = (name: string): Buffer => readFileSync(`test/fixtures/spreadsheets/${name}.xlsx`);
const leftBehind = (): string[] => readdirSync(tmpdir()).filter((name) => /^smsgraph-[\da-f]{8}-/.test(name));

test("a workbook gives the texts, numbers, dates and empty rows that its cells show", async () => {
  expect(await read(fixture("openpyxl"))).toEqual({
    headerRow: 1,
    header: ["Mobil", "Meno", "Ref", "Dátum", "Suma", "VIP"],
    rows: [
      ["421901000001", 'Žofia "Ž" Kováčová', "0012", "2026-12-24", "3.3", "TRUE"],
      ["+421 901 000 002", "Ján; Novák", "7", "2026-12-24 18:30", "10", "FALSE"],
      [],
      ["0901000003", "Line one\nline two"],
      ["+421901000004"],
    ],
  });
});

test("a workbook may begin with empty rows, and have formatted texts, formulas and rounded numbers", async () => {
  expect(await read(fixture("xlsxwriter"))).toEqual({
    headerRow: 3,
    header: ["to", "name", "x"],
    rows: [
      ["421901000001", "Eva!"],
      ["+421901000002", "_x0041_ B"],
      ["4.21901000001E+16", "rounded"],
    ],
  });
});

test("a sheet is chosen by its name, and hidden ones are left out", async () => {
  const { reading, rows, header } = await open(fixture("openpyxl"), " other");
  expect(reading).toMatchObject({ format: "XLSX", sheet: "Other", sheets: ["Ľudia", "Other"] });
  expect([header, (await rows.next()).value?.map(listOf)]).toEqual([
    ["to", "name"],
    [["+421901000009", "Eva"]],
  ]);
  await rows.return(undefined);
  await expect(open(fixture("openpyxl"), "Skryté")).rejects.toThrow(
    /no sheet "Skryté". It has "Ľudia", "Other"/,
  );
});

test("nothing of a workbook stays on disk, whether it is read to its end, left or refused", async () => {
  const before = leftBehind();
  await read(fixture("openpyxl"));
  await (await open(fixture("openpyxl"))).close();
  await expect(open(fixture("openpyxl").subarray(0, 3000))).rejects.toThrow(UnreadableTableError);
  expect(leftBehind()).toEqual(before);
});

test("a workbook with more texts than are kept in memory gives each to its cell", async () => {
  const count = 40_000;
  const strings = Array.from({ length: count }, (_, index) => `<si><t>text ${index}</t></si>`).join("");
  const places = Array.from({ length: count }, (_, index) => (index * 7919) % count);
  const rows = places.map((place) => `<row><c t="s"><v>${place}</v></c></row>`).join("");
  const table = await read(zipOf(workbookParts(rows, strings)));
  expect([table.header, ...table.rows].map(([text]) => text)).toEqual(places.map((place) => `text ${place}`));
});

/** Text that cannot be packed well. */
const noise = (length: number): string => {
  let [text, seed] = ["", 1];
  while (text.length < length) text += (seed = (seed * 48_271) % 2_147_483_647).toString(36);
  return text;
};

const row = inlineRow(["to"]);

test.each([
  ["an archive without a workbook", zipOf([{ name: "notes.txt", body: "x" }]), /ZIP file without a workbook/],
  ["an archive that was cut off", zipOf(workbookParts(row)).subarray(0, 400), /cannot be unpacked/],
  ["an empty sheet", zipOf(workbookParts("")), /sheet "List" is empty/],
  [
    "a part that unpacks to far more than it is packed",
    zipOf(workbookParts(`${row}<!--${" ".repeat(40_000_000)}-->`)),
    /unpacks to \d+ bytes, which is too much/,
  ],
  [
    "a part that unpacks to more than it says",
    zipOf(
      workbookParts(row + inlineRow(["x".repeat(1000)]).repeat(10)).map((part) =>
        part.name.includes("sheet1") ? { ...part, size: 200 } : part,
      ),
    ),
    /cannot be unpacked: its part .* is not as long as it says/,
  ],
  [
    "entities of its own",
    zipOf(
      workbookParts(row).map((part) =>
        part.name.includes("sheet1") ? { ...part, body: `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>` } : part,
      ),
    ),
    /document type/,
  ],
  [
    "a text of any length",
    zipOf(workbookParts(inlineRow(["x".repeat(40_000)]))),
    /more than 32767 characters/,
  ],
  // What the parser keeps until it ends, whatever it is.
  ...(
    [
      ["a text of many pieces", (much: string) => `<row><c t="str"><v>${much}</v></c></row>`],
      ["a comment", (much: string) => `<!--${much}-->`],
      ["an attribute", (much: string) => `<row a="${much}"/>`],
      ["a section", (much: string) => `<row><c t="str"><v><![CDATA[${much}]]></v></c></row>`],
      ["an instruction", (much: string) => `<?a ${much}?>`],
      ["the name of a tag", (much: string) => `<${much}/>`],
    ] as const
  ).map(([what, write]): [string, Buffer, RegExp] => [
    `${what} of megabytes`,
    zipOf(workbookParts(row + write(`x${noise(2_000_000)}`))),
    /far too long|more than 32767 characters/,
  ]),
  [
    "a value of many texts",
    zipOf(workbookParts(`<row><c t="str"><v>${"abcdefghij<b/>".repeat(4_000)}</v></c></row>`)),
    /more than 32767 characters/,
  ],
  [
    "elements in each other",
    zipOf(workbookParts(row + "<a>".repeat(1_000) + "</a>".repeat(1_000))),
    /nested too deeply/,
  ],
  [
    "more sheets than anybody has",
    zipOf(
      workbookParts(row).map((part) =>
        part.name === "xl/workbook.xml"
          ? {
              ...part,
              body: `<workbook><sheets>${'<sheet name="A" r:id="rId1"/>'.repeat(10_001)}</sheets></workbook>`,
            }
          : part,
      ),
    ),
    /more than 10000 sheets/,
  ],
  [
    "more formats than a spreadsheet can have",
    zipOf([
      ...workbookParts(row),
      { name: "xl/styles.xml", body: `<a><cellXfs>${"<xf/>".repeat(100_002)}</cellXfs></a>` },
    ]),
    /more than 100000 formats/,
  ],
  [
    "a part with a name of any length",
    zipOf([...workbookParts(row), { name: "x".repeat(5_000), body: "" }]),
    /a name that is too long/,
  ],
  [
    "a row of any length",
    zipOf(workbookParts(inlineRow(Array<string>(2_000).fill("x")))),
    /beyond the first 1000 columns/,
  ],
  [
    "something in its last column",
    zipOf(workbookParts('<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>')),
    /Row 1 of the sheet has a cell beyond the first 1000 columns\. Remove it/,
  ],
  [
    "a cell that is too long with others of its row",
    zipOf(
      workbookParts(
        inlineRow(["to"]) + inlineRow(["x".repeat(30_000), "y".repeat(30_000), "z".repeat(6_000)]),
      ),
    ),
    /Row \d of the sheet has more than 65536 characters/,
  ],
  [
    "a number format longer than any",
    zipOf([
      ...workbookParts(inlineRow(["to"])),
      {
        name: "xl/styles.xml",
        body: `<a><numFmts><numFmt numFmtId="200" formatCode="${"0".repeat(256)}"/></numFmts></a>`,
      },
    ]),
    /A number format of the workbook has more than 255 characters/,
  ],
  ["XML that is broken", zipOf(workbookParts("<row><c></row>")), /is no XML/],
])("a workbook with %s is refused with the reason", async (_, file, problem) => {
  const reading = read(file);
  await expect(reading).rejects.toThrow(UnreadableTableError);
  await expect(reading).rejects.toThrow(problem);
});

test.each(["0.5", "-1", "1e0", "Infinity", "2"])(
  "a cell with the text number %s is refused, since the workbook has none of that number",
  async (number) => {
    const file = zipOf(
      workbookParts(
        `${inlineRow(["to"])}<row><c t="s"><v>${number}</v></c></row>`,
        `<si><t>${"a".repeat(500)}</t></si><si><t></t></si>`,
      ),
    );
    await expect(read(file)).rejects.toThrow(/names a text that it does not have/);
  },
);

test("large texts of a workbook are not all kept in memory", async () => {
  const count = 500;
  const letters = Array.from({ length: 40_000 }, (_, index) =>
    String.fromCodePoint(0x4e_00 + ((index * index) % 7_919)),
  ).join("");
  const strings = Array.from(
    { length: count },
    (_, index) => `<si><t>${index} ${letters.slice(index, index + 20_000)}</t></si>`,
  );
  const rows = Array.from(
    { length: count },
    (_, index) => `<row><c t="s"><v>${(index * 769) % count}</v></c></row>`,
  );
  const { rows: parts } = await open(
    zipOf(workbookParts(rows.join(""), strings.join(""))),
    undefined,
    65_536,
  );
  const before = process.memoryUsage().arrayBuffers;
  let [most, found] = [before, 1];
  for await (const part of parts) {
    for (const cells of part) expect(cells.get(0)?.split(" ")[0]).toBe(String((found++ * 769) % count));
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(found).toBe(count);
  // All of them have 30 MB; the library that unpacks has some of its own.
  expect((most - before) / 2 ** 20).toBeLessThan(20);
});
