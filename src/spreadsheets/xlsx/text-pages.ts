import { readSync } from "node:fs";
import type { SpoolFile } from "./spool.ts";

/** Texts that are found and read together. */
const blockSize = 64;
/** Blocks kept in memory: sheets mostly use the texts in their order. */
const maxKept = 256;
/** Bytes written at once. */
const flushBytes = 1 << 18;

// Texts that live a while are promoted by the garbage collector, and a million of them stay for long. So none is kept as a
// string, and all buffers are used again.

/** Writes texts one after the other, each behind its length. */
export class TextWriter {
  readonly #file: SpoolFile;
  readonly #starts: number[] = [];
  #count = 0;
  #buffer: Buffer = Buffer.allocUnsafeSlow(2 * flushBytes);
  #used = 0;
  #written = 0;

  constructor(file: SpoolFile) {
    this.#file = file;
  }

  add(text: string): void {
    if (this.#count % blockSize === 0) this.#starts.push(this.#written + this.#used);
    const most = 4 + text.length * 3;
    if (this.#used + most > this.#buffer.length) this.#buffer = grown(this.#buffer, this.#used + most);
    const length = this.#buffer.write(text, this.#used + 4);
    this.#buffer.writeUInt32LE(length, this.#used);
    this.#used += 4 + length;
    this.#count++;
  }

  async flushIfFull(): Promise<void> {
    if (this.#used >= flushBytes) await this.#flush();
  }

  async finish(): Promise<TextPages> {
    await this.#flush();
    this.#starts.push(this.#written);
    return new TextPages(this.#file.fd, this.#starts);
  }

  async #flush(): Promise<void> {
    await this.#file.append(this.#buffer.subarray(0, this.#used));
    this.#written += this.#used;
    this.#used = 0;
  }
}

function grown(buffer: Buffer, least: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(least, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}

/** The bytes of a block, and where each of its texts is. */
interface Page {
  block: number;
  bytes: Buffer;
  /** The place behind the length of each text, and the length. */
  places: Uint32Array;
  count: number;
}

/** Finds written texts by their number. */
export class TextPages {
  readonly #fd: number;
  /** The place of each block, and the end. */
  readonly #starts: readonly number[];
  readonly #pages = new Map<number, Page>();

  constructor(fd: number, starts: readonly number[]) {
    this.#fd = fd;
    this.#starts = starts;
  }

  /** Undefined when there is none. */
  at(index: number): string | undefined {
    const block = Math.floor(index / blockSize);
    const page = this.#pages.get(block) ?? this.#load(block);
    const place = index % blockSize;
    if (!page || !(place < page.count)) return undefined;
    const start = page.places[place * 2] ?? 0;
    return page.bytes.toString("utf8", start, start + (page.places[place * 2 + 1] ?? 0));
  }

  /** Reading a few kilobytes from the system's cache is quicker than waiting for a thread. */
  #load(block: number): Page | undefined {
    const [start, end] = [this.#starts[block], this.#starts[block + 1]];
    if (start === undefined || end === undefined) return undefined;
    const page = this.#free(end - start);
    readSync(this.#fd, page.bytes, 0, end - start, start);
    page.count = 0;
    for (let place = 0; place < end - start;) {
      const length = page.bytes.readUInt32LE(place);
      page.places[page.count * 2] = place + 4;
      page.places[page.count * 2 + 1] = length;
      page.count++;
      place += 4 + length;
    }
    this.#pages.set(block, page);
    page.block = block;
    return page;
  }

  /** A page with room for so many bytes: a new one, or the oldest. */
  #free(size: number): Page {
    if (this.#pages.size < maxKept) return newPage(size);
    const [oldest] = this.#pages.values();
    if (!oldest) return newPage(size);
    this.#pages.delete(oldest.block);
    if (oldest.bytes.length < size) oldest.bytes = Buffer.allocUnsafeSlow(size);
    return oldest;
  }
}

const newPage = (size: number): Page => ({
  block: -1,
  bytes: Buffer.allocUnsafeSlow(Math.max(size, 4_096)),
  places: new Uint32Array(blockSize * 2),
  count: 0,
});
