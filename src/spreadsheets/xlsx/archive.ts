import type { Readable } from "node:stream";
import { fromFdPromise, type Entry, type ZipFile } from "yauzl";
import { unreadable } from "../table.ts";

/** Limits against archives that are made to exhaust a server. */
const maxEntries = 10_000;
/** Bytes that say what one part is: its name, and what programs add. */
const maxEntryLength = 4_096;
/** Bytes of one part when it is unpacked: five million rows of ten columns. */
const maxUnpacked = 4 * 1024 ** 3;
/** How often a part may be larger than it is packed. Sheets of real people reach 30. */
const maxRatio = 200;
/** Parts that unpack to no more than this may have any ratio. */
const smallBytes = 16 * 1024 ** 2;

/** The parts of a workbook, which is a ZIP archive. */
export class Archive {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws UnreadableTableError */
  static async open(fd: number): Promise<Archive> {
    try {
      const zip = await fromFdPromise(fd, { autoClose: false, lazyEntries: true });
      if (zip.entryCount > maxEntries) throw new Error(`it has ${zip.entryCount} parts`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (lengthOf(entry) > maxEntryLength) throw new Error("one of its parts has a name that is too long");
        entries.set(entry.fileName.toLowerCase(), entry);
      }
      return new Archive(zip, entries);
    } catch (error) {
      throw broken(error);
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /**
   * The bytes of a part. The library ends with an error when it unpacks to more bytes than it says.
   * @throws UnreadableTableError
   */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) throw unreadable(`The workbook lacks its part ${name}. Save it again.`);
    check(entry);
    try {
      const stream: Readable = await this.#zip.openReadStreamPromise(entry);
      for await (const bytes of stream) yield bytes as Buffer;
    } catch (error) {
      throw broken(error);
    }
  }
}

const lengthOf = ({ fileNameLength, extraFieldLength, fileCommentLength }: Entry): number =>
  fileNameLength + extraFieldLength + fileCommentLength;

function check({ uncompressedSize, compressedSize, fileName }: Entry): void {
  const isBomb = uncompressedSize > smallBytes && uncompressedSize > compressedSize * maxRatio;
  if (uncompressedSize <= maxUnpacked && !isBomb) return;
  throw unreadable(
    `The part ${fileName} of the workbook unpacks to ${uncompressedSize} bytes, which is too much. Delete unused rows and columns, or save it as CSV UTF-8.`,
  );
}

const broken = (error: unknown) =>
  unreadable(
    `The file begins as XLSX but cannot be unpacked: ${error instanceof Error ? error.message : String(error)}. Save it again in your spreadsheet, or as CSV UTF-8.`,
  );
