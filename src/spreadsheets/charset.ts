import { isUtf8 } from "node:buffer";
import { analyse } from "chardet";
import { pageOfCallingCode, pageOfNumbers } from "./code-pages.ts";
import { unreadable, type Reading, type TableHints, type UnreadableTableError } from "./table.ts";

/** Bytes from which an encoding is guessed, beginning with the first one that is not ASCII. */
const sampleBytes = 65_536;

/** How much the country of the people counts beside the statistics of letters, which are at most 100: more if there are few. */
const [countryBonus, bonusOfFew] = [30, 60];
const fewLetters = 64;

/** Guesses below this are noise: several encodings of East Asia get 10 for any text. */
const leastConfidence = 11;

/**
 * Decodes a file to UTF-8. UTF-8 and UTF-16 are found by their marks or by their bytes, others by the letters that are
 * frequent in a language, and by the country of the numbers. Until something other than ASCII comes, nothing is decided.
 */
export function decoding(
  file: AsyncIterable<Uint8Array>,
  hints: TableHints,
): { bytes: AsyncGenerator<Uint8Array>; reading: Reading } {
  const reading: Reading = { format: "CSV", encoding: "utf-8", encodingFrom: "CONTENT" };
  return { bytes: decode(file, hints, reading), reading };
}

async function* decode(
  file: AsyncIterable<Uint8Array>,
  hints: TableHints,
  reading: Reading,
): AsyncGenerator<Uint8Array> {
  const chunks = file[Symbol.asyncIterator]();
  let chunk = await chunks.next();
  let bytes = toBuffer(chunk.done === true ? new Uint8Array() : chunk.value);
  const marked = hints.encoding == null ? markOf(bytes) : undefined;
  const given = hints.encoding == null ? undefined : checkLabel(hints.encoding);
  Object.assign(
    reading,
    given && { encoding: given, encodingFrom: "GIVEN" },
    marked && { encoding: marked, encodingFrom: "MARK" },
  );
  let encoding = given ?? marked ?? wideOf(bytes);
  while (encoding === undefined && chunk.done !== true) {
    const start = bytes.findIndex((byte) => byte >= 0x80 || byte === 0);
    if (start === -1) {
      yield bytes;
      chunk = await chunks.next();
      bytes = toBuffer(chunk.done === true ? new Uint8Array() : chunk.value);
      continue;
    }
    while (bytes.length - start < sampleBytes) {
      chunk = await chunks.next();
      if (chunk.done === true) break;
      bytes = Buffer.concat([bytes, chunk.value]);
    }
    encoding = encodingOf(bytes, chunk.done === true, hints.callingCode);
  }
  if (encoding === undefined) return;
  reading.encoding = encoding;
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield bytes;
    for (chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next()) yield chunk.value;
  }
  yield* encoding === "utf-8" ? complete(rest()) : transcode(rest(), encoding);
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The canonical name of an encoding. */
function checkLabel(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw unreadable(
      `"${label.slice(0, 40)}" is no encoding. Write one as utf-8, windows-1250 or utf-16le, or leave it out.`,
    );
  }
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

/** UTF-16 without a mark: every other byte of a header is zero. */
function wideOf(bytes: Buffer): string | undefined {
  const begin = bytes.subarray(0, 64);
  if (begin.length < 4) return undefined;
  const zeros = (parity: number): number =>
    begin.reduce((sum, byte, index) => sum + Number(byte === 0 && index % 2 === parity), 0);
  const half = begin.length / 2;
  if (zeros(1) > half * 0.6 && zeros(0) === 0) return "utf-16le";
  return zeros(0) > half * 0.6 && zeros(1) === 0 ? "utf-16be" : undefined;
}

function encodingOf(bytes: Buffer, isEnd: boolean, callingCode: string | undefined): string {
  if (bytes.includes(0)) throw broken();
  if (mayBeUtf8(bytes, isEnd)) return "utf-8";
  const beginning = bytes.toString("latin1", 0, 2 * sampleBytes);
  // Rows without such letters would count for the languages that have none.
  const sample = Buffer.from(
    beginning
      .split(/[\r\n]+/)
      .filter((line) => /[\x80-\xff]/.test(line))
      .join("\n"),
    "latin1",
  );
  const likely =
    (callingCode === undefined ? undefined : pageOfCallingCode(callingCode)) ?? pageOfNumbers(beginning);
  // The letters of a few names may say nothing about it, or that it is another.
  const letters = sample.reduce((count, byte) => count + Number(byte >= 0x80), 0);
  const bonus = letters < fewLetters ? bonusOfFew : countryBonus;
  const scores = new Map<string, number>(likely === undefined ? [] : [[likely, bonus]]);
  for (const { name, confidence } of analyse(sample)) {
    const encoding = windowsName(name, sample);
    if (encoding === undefined || confidence < leastConfidence / 2) continue;
    const score = confidence + (encoding === likely ? bonus : 0);
    scores.set(encoding, Math.max(score, scores.get(encoding) ?? 0));
  }
  const [best] = [...scores].toSorted(([, one], [, other]) => other - one);
  if (best && best[1] >= leastConfidence) return best[0];
  return likely ?? "windows-1252";
}

/** Letters of Latin scripts begin with these bytes in UTF-8. */
const [firstLatin, lastLatin] = [0xc3, 0xc5];

/** At the end of a file, a letter that is not complete was cut off, or is a letter of another encoding. */
function mayBeUtf8(bytes: Buffer, isEnd: boolean): boolean {
  const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes));
  if (!isUtf8(whole)) return false;
  const lead = bytes[whole.length];
  if (!isEnd || lead === undefined || whole.some((byte) => byte >= 0x80)) return true;
  return lead >= firstLatin && lead <= lastLatin;
}

/** What spreadsheets write is a code page of Windows, which has the letters of its ISO relative in most places. */
const windowsOf: Readonly<Record<string, string>> = {
  "ISO-8859-1": "windows-1252",
  "ISO-8859-2": "windows-1250",
  "ISO-8859-5": "iso-8859-5",
  "ISO-8859-6": "windows-1256",
  "ISO-8859-7": "windows-1253",
  "ISO-8859-8": "windows-1255",
  "ISO-8859-9": "windows-1254",
};

/** Letters of Central Europe that ISO-8859-2 has where the code page of Windows has signs: Š, š, Ť, Ž, ť. */
const onlyIso = [0xa9, 0xb9, 0xab, 0xae, 0xbb];

function windowsName(name: string, sample: Buffer): string | undefined {
  const isIso = name === "ISO-8859-2" && onlyIso.some((byte) => sample.includes(byte));
  const label = isIso ? name : (windowsOf[name] ?? name);
  if (/^(?:ASCII|UTF-)/.test(label)) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

async function* transcode(file: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const read = (bytes: Uint8Array, stream: boolean): Buffer => {
    try {
      const text = decoder.decode(bytes, { stream });
      if (!text.includes("\0")) return Buffer.from(text);
    } catch {
      // Refused below.
    }
    throw broken(encoding);
  };
  for await (const bytes of file) yield read(bytes, true);
  const end = read(new Uint8Array(), false);
  if (end.length > 0) yield end;
}

/** Passes on complete characters of UTF-8. */
async function* complete(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of file) {
    const bytes = rest.length === 0 ? toBuffer(chunk) : Buffer.concat([rest, chunk]);
    const end = bytes.length - unfinishedBytes(bytes);
    rest = Buffer.from(bytes.subarray(end));
    yield checked(bytes.subarray(0, end));
  }
  if (rest.length > 0) yield checked(rest);
}

function checked(bytes: Buffer): Buffer {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes;
  throw broken("utf-8");
}

function broken(encoding?: string): UnreadableTableError {
  if (encoding === undefined) return unreadable("The file is not text. Save it as `CSV UTF-8` or as XLSX.");
  const name = encoding.replace("utf", "UTF");
  return unreadable(
    `The file is not ${name} text all through. Save it as \`CSV UTF-8\` or as XLSX, or name its encoding.`,
  );
}

/** How many bytes at the end belong to a character that continues in the next piece. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}
