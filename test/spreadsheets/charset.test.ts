import { expect, test } from "vitest";
import { openTable } from "../../src/spreadsheets/open-table.ts";
import { listOf, type Table, type TableHints } from "../../src/spreadsheets/table.ts";

/** A text in an encoding of one byte for each character. */
function inCodePage(text: string, encoding: string): Buffer {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map(
    Array.from(
      { length: 256 },
      (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte] as const,
    ).toReversed(),
  );
  return Buffer.from(Array.from(text, (letter) => bytes.get(letter) ?? 0x3f));
}

const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();

async function read(
  file: Buffer,
  hints: TableHints = {},
  size = 100,
): Promise<{ rows: string[][]; reading: Table["reading"] }> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < file.length; start += size) yield file.subarray(start, start + size);
  }
  const { header, rows, reading } = await openTable(pieces(), hints);
  const all = [header];
  for await (const part of rows) all.push(...part.map(listOf));
  return { rows: all, reading };
}

/** Short lists, as people make them: what is found must not need pages of text. */
const lists = [
  ["windows-1250", "421", ["Žofia Kováčová", "Ľudovít Štúr", "Ján Novák"]],
  ["windows-1250", "420", ["Jiří Dvořák", "Věra Černá", "Tomáš Procházka"]],
  ["windows-1250", "48", ["Łukasz Wiśniewski", "Małgorzata Wójcik", "Grażyna Dąbrowska"]],
  ["windows-1250", "36", ["Nagy Erzsébet", "Tóth Gyöngyvér, Fűzfő"]],
  ["windows-1251", "7", ["Иван Петров", "Мария Сидорова"]],
  ["windows-1252", "49", ["Jörg Müller", "Günther Weiß", "Käthe Schäfer"]],
  ["windows-1252", "33", ["Éloïse Lefèvre", "François Noël", "Chloé D’Aubigné"]],
  ["windows-1253", "30", ["Γιώργος Παπαδόπουλος", "Μαρία"]],
  ["windows-1254", "90", ["Ayşe Yılmaz", "Çağrı Şahin", "İbrahim Öztürk"]],
  ["windows-1255", "972", ["יוסי כהן", "מרים לוי"]],
  ["windows-1256", "966", ["محمد العلي", "فاطمة"]],
  ["windows-1257", "370", ["Žydrūnas Šimkus", "Eglė Čiurlionytė"]],
] as const;

test.each(lists)(
  "a short list in %s from +%s is read with its letters right",
  async (encoding, code, names) => {
    const numbers = names.map((_, index) => `${code}901000${index}01`);
    const text = `to;name\n${names.map((name, index) => `${numbers[index]};${name}`).join("\r\n")}\n`;
    for (const size of [1, 1000]) {
      const { rows, reading } = await read(inCodePage(text, encoding), {}, size);
      expect(rows.slice(1).map(([, name]) => name)).toEqual(names);
      expect(reading).toMatchObject({ format: "CSV", encoding, encodingFrom: "CONTENT", separator: ";" });
    }
  },
);

test("the country of the people decides where letters alone do not", async () => {
  const file = inCodePage("to,name\n0901000001,Ľubomír Šťastný\n", "windows-1250");
  const { rows, reading } = await read(file, { callingCode: "421" });
  expect([rows[1]?.[1], reading.encoding]).toEqual(["Ľubomír Šťastný", "windows-1250"]);
});

test.each([
  ["UTF-8 with a mark", Buffer.from("\uFEFFto,name\n+421901000001,Žofia\n"), "utf-8", "MARK"],
  ["UTF-8 without a mark", Buffer.from("to,name\n+421901000001,Žofia\n"), "utf-8", "CONTENT"],
  ["UTF-16 with a mark", Buffer.from("\uFEFFto,name\n+421901000001,Žofia\n", "utf16le"), "utf-16le", "MARK"],
  ["UTF-16 without a mark", Buffer.from("to,name\n+421901000001,Žofia\n", "utf16le"), "utf-16le", "CONTENT"],
  [
    "UTF-16 the other way round",
    swapped(Buffer.from("\uFEFFto,name\n+421901000001,Žofia\n", "utf16le")),
    "utf-16be",
    "MARK",
  ],
])("a file in %s is read in pieces of any size", async (_, file, encoding, encodingFrom) => {
  for (const size of [1, 2, 3, 1000]) {
    const { rows, reading } = await read(file, {}, size);
    expect(rows).toEqual([
      ["to", "name"],
      ["+421901000001", "Žofia"],
    ]);
    expect(reading).toMatchObject({ encoding, encodingFrom });
  }
});

test("letters that come late in a long file are read right", async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `421901${String(index).padStart(6, "0")},Eva`);
  const file = inCodePage(`to,name\n${lines.join("\n")}\n421901999999,Božena\n`, "windows-1250");
  const { rows, reading } = await read(file, {}, 65_536);
  expect([rows.length, rows.at(-1)?.[1], reading.encoding]).toEqual([20_002, "Božena", "windows-1250"]);
});

test("an encoding that is named is used, and one that does not exist is refused", async () => {
  const file = inCodePage("to,name\n421901000001,Ján\n", "ibm866");
  const named = await read(inCodePage("to,name\n79161000001,Иван\n", "ibm866"), { encoding: "cp866" });
  expect([named.rows[1]?.[1], named.reading]).toEqual([
    "Иван",
    { format: "CSV", encoding: "ibm866", encodingFrom: "GIVEN", separator: "," },
  ]);
  await expect(read(file, { encoding: "klingon" })).rejects.toThrow(/"klingon" is no encoding/);
});

test("a letter at the end of a file without a last line end is read", async () => {
  const { rows } = await read(inCodePage("to,name\n34601000001,José", "windows-1252"));
  expect(rows[1]).toEqual(["34601000001", "José"]);
});
