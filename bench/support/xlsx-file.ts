import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createDeflateRaw } from "node:zlib";

/** A part of the archive, packed in a file of its own. */
interface Packed {
  name: string;
  path: string;
  crc: number;
  size: number;
  packed: number;
}

const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** Writes a workbook with one sheet as Excel does: texts are shared, numbers are numbers. Memory does not grow with it. */
export async function writeWorkbook(path: string, rows: () => Iterable<(string | number)[]>): Promise<void> {
  const parts = [
    await pack(`${path}.1`, "xl/workbook.xml", [
      `<workbook ${main} xmlns:r="${relations}"><sheets><sheet name="List" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    ]),
    await pack(`${path}.2`, "xl/_rels/workbook.xml.rels", [
      `<Relationships><Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    ]),
    await pack(`${path}.3`, "xl/worksheets/sheet1.xml", sheetOf(rows())),
    await pack(`${path}.4`, "xl/sharedStrings.xml", stringsOf(rows())),
  ];
  await join(path, parts);
  await Promise.all(parts.map((part) => rm(part.path)));
}

function* sheetOf(rows: Iterable<(string | number)[]>): Generator<string> {
  yield `<worksheet ${main}><sheetData>`;
  let [place, text] = [0, 0];
  for (const row of rows) {
    place++;
    const cells = row.map((cell, column) => {
      const at = `r="${String.fromCharCode(65 + column)}${place}"`;
      return typeof cell === "number" ? `<c ${at}><v>${cell}</v></c>` : `<c ${at} t="s"><v>${text++}</v></c>`;
    });
    yield `<row r="${place}">${cells.join("")}</row>`;
  }
  yield "</sheetData></worksheet>";
}

function* stringsOf(rows: Iterable<(string | number)[]>): Generator<string> {
  yield `<sst ${main}>`;
  for (const row of rows)
    yield row.flatMap((cell) => (typeof cell === "string" ? [`<si><t>${cell}</t></si>`] : [])).join("");
  yield "</sst>";
}

async function pack(path: string, name: string, body: Iterable<string>): Promise<Packed> {
  const part = { name, path, crc: 0, size: 0, packed: 0 };
  function* counted(): Generator<Buffer> {
    let pending = "";
    for (const piece of body) {
      pending += piece;
      if (pending.length < 65_536) continue;
      yield count(pending);
      pending = "";
    }
    yield count(pending);
  }
  const count = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    part.crc = crc32(bytes, part.crc);
    part.size += bytes.length;
    return bytes;
  };
  await pipeline(Readable.from(counted()), createDeflateRaw({ level: 1 }), createWriteStream(path));
  return { ...part, packed: (await stat(path)).size };
}

async function join(path: string, parts: readonly Packed[]): Promise<void> {
  const output = createWriteStream(path);
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const head = headOf(part);
    const name = Buffer.from(part.name);
    output.write(Buffer.concat([Buffer.from("PK\u0003\u0004"), head, name]));
    for await (const bytes of createReadStream(part.path)) output.write(bytes);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002\u0014\0"), head, place, name);
    offset += 4 + head.length + name.length + part.packed;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4);
  end.writeUInt16LE(parts.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  await new Promise<void>((done) =>
    output.end(Buffer.concat([list, Buffer.from("PK\u0005\u0006"), end]), done),
  );
}

function headOf({ name, crc, packed, size }: Packed): Buffer {
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(8, 4);
  head.writeUInt32LE(crc, 10);
  head.writeUInt32LE(packed, 14);
  head.writeUInt32LE(size, 18);
  head.writeUInt16LE(Buffer.byteLength(name), 22);
  return head;
}
