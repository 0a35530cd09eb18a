import { createReadStream } from "node:fs";
import { pipeline, Readable, type TransformOptions } from "node:stream";
import { createInflateRaw, type ZlibOptions } from "node:zlib";
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

/**
 * Packed and unpacked bytes that wait to be read on. The garbage collector promotes what waits for long, and then it stays
 * for longer, so they are few.
 */
const packedBytes = 4_096;
const unpacking: ZlibOptions & TransformOptions = { highWaterMark: 16_384 };

/** The parts of a workbook, which is a ZIP archive. */
export class Archive {
  readonly #fd: number;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(fd: number, zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#fd = fd;
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
      return new Archive(fd, zip, entries);
    } catch (error) {
      throw broken(error);
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /**
   * The bytes of a part, which are as many as it says.
   * @throws UnreadableTableError
   */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) throw unreadable(`The workbook lacks its part ${name}. Save it again.`);
    check(entry);
    try {
      let left = entry.uncompressedSize;
      for await (const bytes of await this.#unpack(entry)) {
        left -= bytes.length;
        if (left < 0) break;
        yield bytes;
      }
      if (left !== 0) throw new Error(`its part ${entry.fileName} is not as long as it says`);
    } catch (error) {
      throw broken(error);
    }
  }

  async #unpack(entry: Entry): Promise<AsyncIterable<Buffer>> {
    if (!entry.canDecodeFileData()) throw new Error("it has a password, or is packed in an unusual way");
    const { fileDataStart: start } = await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true });
    if (entry.compressedSize === 0) return Readable.from([]);
    const packed = createReadStream("", {
      fd: this.#fd,
      autoClose: false,
      start,
      end: start + entry.compressedSize - 1,
      highWaterMark: packedBytes,
    });
    if (entry.compressionMethod === stored) return packed;
    return pipeline(packed, createInflateRaw(unpacking), () => undefined);
  }
}

/** The method of a part that is not packed. */
const stored = 0;

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
