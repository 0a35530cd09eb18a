import { describe, expect, it, onTestFinished, vi } from "vitest";
import { toTextCell } from "../../../src/spreadsheets/text-cells.ts";
import { readRecipientFile } from "../../../src/campaigns/intake/recipient-file.ts";
import type { RecipientRow } from "../../../src/campaigns/intake/recipients.ts";
import { parseTemplate } from "../../../src/campaigns/intake/template.ts";
import { InvalidInputError } from "../../../src/lib/errors.ts";

/** A file in chunks of this many bytes. */
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(file: string | Buffer, text = "Hello", pieceSize = 1 << 16): Promise<RecipientRow[]> {
  const bytes = typeof file === "string" ? Buffer.from(file) : file;
  const rows: RecipientRow[] = [];
  for await (const batch of await readRecipientFile(inPieces(bytes, pieceSize), parseTemplate(text)))
    rows.push(...batch);
  return rows;
}

const row = (
  position: number,
  to: string,
  clientRef: string | null = null,
  ...values: (string | undefined)[]
) => ({
  position,
  to,
  clientRef,
  values,
});

describe("a CSV file", () => {
  it.each([
    ["commas", "to,clientRef,name\n+421901,r1,Jana\n+421902,,Ján\n"],
    ["semicolons", "to;clientRef;name\n+421901;r1;Jana\n+421902;;Ján\n"],
    ["tabs", "to\tclientRef\tname\n+421901\tr1\tJana\n+421902\t\tJán\n"],
    ["CRLF", "to,clientRef,name\r\n+421901,r1,Jana\r\n+421902,,Ján\r\n"],
    ["CR alone", "to,clientRef,name\r+421901,r1,Jana\r+421902,,Ján\r"],
    ["a byte order mark", "\uFEFFto,clientRef,name\n+421901,r1,Jana\n+421902,,Ján\n"],
    ["no end of its last line", "to,clientRef,name\n+421901,r1,Jana\n+421902,,Ján"],
    ["spaces around cells", " to , clientRef, name\n +421901 , r1,  Jana\n+421902, ,Ján \n"],
    ["a mix of line ends", "to,clientRef,name\r\n+421901,r1,Jana\n+421902,,Ján\r"],
    ["LF and then CRLF", "to,clientRef,name\n+421901,r1,Jana\r\n+421902,,Ján\r\n"],
    ["a line that names the delimiter", "sep=;\r\nto;clientRef;name\r\n+421901;r1;Jana\r\n+421902;;Ján"],
    ["that line behind a mark, and a bar", "\uFEFFsep=|\nto|clientRef|name\n+421901|r1|Jana\n+421902||Ján\n"],
    ["the name that exports have", "to,client_ref,name\n+421901,r1,Jana\n+421902,,Ján\n"],
    ["spaces behind quotation marks", 'to,clientRef,name\n"+421901" , "r1" ,"Jana" \n+421902,"" ,Ján\n'],
    ["quotation marks", '"to","clientRef","name"\n"+421901","r1","Jana"\n"+421902","","Ján"\n'],
    ["bars", "to|clientRef|name\n+421901|r1|Jana\n+421902||Ján\n"],
    ["names in full-width letters", "ｔｏ,ｃｌｉｅｎｔＲｅｆ,ｎａｍｅ\n+421901,r1,Jana\n+421902,,Ján\n"],
    [
      "unseen characters in its names",
      "to,clientRef\u00a0,\u200bname\u00ad\n+421901,r1,Jana\n+421902,,Ján\n",
    ],
    [
      "a line that names the delimiter and is padded",
      "sep=;;;\r\nto;clientRef;name\r\n+421901;r1;Jana\r\n+421902;;Ján",
    ],
    ["another order of columns", "name,other,to,clientRef\nJana,x,+421901,r1\nJán,y,+421902,\n"],
    ["other cases of the two names", "TO,Clientref,name\n+421901,r1,Jana\n+421902,,Ján\n"],
  ])("a CSV file with %s is read correctly in chunks of any size", async (_, file) => {
    const expected = [row(2, "+421901", "r1", "Jana"), row(3, "+421902", null, "Ján")];
    for (const size of [1, 2, 3, 7, 1 << 16]) expect(await read(file, "{{name}}", size)).toEqual(expected);
  });

  it("a CSV file may have delimiters, line breaks and quotation marks inside its cells", async () => {
    const file = 'to;name;note\n+421901;"Jana; ""J""\nNováková";x\n+421902;Joe "the" Doe;y\n';
    expect(await read(file, "{{name}} {{note}}")).toEqual([
      row(2, "+421901", null, 'Jana; "J"\nNováková', "x"),
      row(3, "+421902", null, 'Joe "the" Doe', "y"),
    ]);
  });

  it("a CSV cell may begin with a nickname in quotation marks", async () => {
    const file = 'to,name\n+421901,"Joe" Doe\n+421902,"Joe ""the"" Doe"\n+421903,""Joe"" Doe\n+421904,Eva\n';
    const names = (await read(file, "{{name}}")).map(({ values }) => values[0]);
    expect(names).toEqual(['"Joe" Doe', 'Joe "the" Doe', '""Joe"" Doe', "Eva"]);
  });

  it("a CSV file loses no recipient, whatever its line ends are", async () => {
    expect(await read("to\r\n+421901\n+421902\n")).toEqual([row(2, "+421901"), row(3, "+421902")]);
  });

  it("the columns of a CSV file are found under every spelling of their names", async () => {
    for (const form of ["NFC", "NFD"] as const)
      expect(await read("to,jméno\n+421901,Eva\n".normalize(form), "{{jméno}}".normalize("NFC"))).toEqual(
        await read("to,jméno\n+421901,Eva\n", "{{jméno}}".normalize("NFD")),
      );
  });

  it("a CSV file gives back every text that was escaped for spreadsheets", async () => {
    const texts = [
      "=1+1",
      "+421",
      "-1",
      "@x",
      "'x",
      "''",
      "' x '",
      " x",
      "x\t",
      "007",
      "123456789012",
      "1E5",
      "Žofia",
      "a,b",
    ];
    const file = `to,name\n${texts.map((text) => `+421901,"${toTextCell(text)}"`).join("\n")}`;
    expect((await read(file, "{{name}}")).map(({ values }) => values[0])).toEqual(texts);
    expect(texts.map(toTextCell).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  });

  it.each([
    [
      "a broken workbook",
      Buffer.from("PK\u0003\u0004\u0014 xl/workbook.xml"),
      /begins as XLSX.*as CSV UTF-8/,
    ],
    [
      "an OpenDocument spreadsheet",
      Buffer.from(`PK\u0003\u0004${"\0".repeat(26)}mimetypeapplication/vnd.oasis.opendocument.spreadsheet`),
      /\(ODS\)/,
    ],
    ["an old workbook", Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), /\(XLS\)/],
    ["a web page", Buffer.from("<html><table>"), /web page/],
  ])("a file that is not CSV is refused and its real format named: %s", async (_, file, problem) => {
    for (const size of [1, 3, 1 << 16]) await expect(read(file, "Hello", size)).rejects.toThrow(problem);
  });

  it("empty rows of a CSV file are counted as rows, and as nothing else", async () => {
    expect(await read("to,name\n\n+421901,Jana\n,\n  \n+421902,Ján\n\n")).toEqual([
      row(3, "+421901"),
      row(6, "+421902"),
    ]);
  });

  it("CSV rows of the wrong length lack values or are refused", async () => {
    expect(await read("to,name\n+421901\n+421902,Ján,\n+421903,Eva,extra\n", "{{name}}")).toEqual([
      row(2, "+421901", null, undefined),
      row(3, "+421902", null, "Ján"),
      { ...row(4, "+421903", null, "Eva"), problem: "The row has 3 cells, the header 2." },
    ]);
  });

  it("a CSV file may end after its header", async () => {
    expect(await read("to,name\n")).toEqual([]);
    expect(await read("to")).toEqual([]);
  });

  it.each([
    ["nothing in it", "", /file is empty.*must name the columns/],
    ["no column to", "phone,name\n+421901,Jana\n", /one of them `to`. Columns found: phone, name\./],
    ["only line ends", "\n\n\n", /one of them `to`. Columns found: none\./],
    ["a column twice", "to,name,name\n", /"name" is there twice/],
    ["a column twice in other cases", "to,To\n", /"to" is there twice/],
    ["an endless first line", "x".repeat(100_000), /first row has more than 65536 bytes/],
    [
      "a thousand and one columns",
      `to${Array.from({ length: 1_000 }, (_, n) => `,c${n}`).join("")}\n`,
      /more than 1000 columns/,
    ],
    ["an endless row", `to,name\n+421901,${"x".repeat(100_000)}\n`, /a row has more than 65536 characters/],
    [
      "a quotation mark without an end",
      'to,name\n+421901,"Jana\n+421902,Ján\n',
      /a quotation mark has no end/,
    ],
    [
      "bytes that are no text",
      Buffer.from("to,name\n+421901,J\xe1n\0\n", "latin1"),
      /not text. Save it as `CSV UTF-8`/,
    ],
    ["an end in the middle of a character", Buffer.from("to\n+421901é").subarray(0, -1), /not UTF-8 text/],
  ])("a CSV file with %s is refused", async (_, file, problem) => {
    for (const size of [1000, 1 << 20]) {
      const reading = read(file, "Hello", size);
      await expect(reading).rejects.toThrow(InvalidInputError);
      await expect(reading).rejects.toThrow(problem);
    }
  });

  it("a CSV file is refused at once when the text names a column that it lacks", async () => {
    let pieces = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("to,Name\n");
      for (; ; pieces++) yield Buffer.from("+421901000000,Jana\n".repeat(1000));
    }
    const reading = readRecipientFile(endless(), parseTemplate("Hello {{name}} {{city}}"));
    await expect(reading).rejects.toThrow(
      /asks for \{\{city\}\}\..*columns to, Name\. Names must match exactly/,
    );
    expect(pieces).toBeLessThan(3);
  });

  it("a CSV file is read no faster than its rows are consumed", async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("to\n");
      for (; ; taken++) yield Buffer.from("+421901000000\n".repeat(1000));
    }
    const rows = (await readRecipientFile(endless(), parseTemplate("Hello")))[Symbol.asyncIterator]();
    for (let count = 0; count < 20_000;) count += ((await rows.next()).value as unknown[]).length;
    expect(taken).toBeLessThanOrEqual(21);
  });
});

it("a long header that comes byte by byte is not joined again with each of them", async () => {
  const concat = vi.spyOn(Buffer, "concat");
  onTestFinished(() => concat.mockRestore());
  const file = `to,${"x".repeat(30_000)}\n+421901,a\n`;
  expect(await read(file, "Hello", 1)).toHaveLength(1);
  const joined = concat.mock.calls.reduce(
    (sum, [parts]) => sum + parts.reduce((all, { length }) => all + length, 0),
    0,
  );
  expect(joined).toBeLessThan(20 * file.length);
});
