import { readSync } from "node:fs";
import { grown } from "../../lib/grown.ts";
import type { SpoolFile } from "./spool.ts";

/** Texts that are found and read together: at most so many, and no more once they have so many bytes. */
const [blockSize, blockBytes] = [64, 16_384];
/** What is kept in memory: sheets mostly use the texts in their order. */
const [maxKept, maxKeptBytes] = [256, 8 * 1024 ** 2];
/** Bytes written at once. */
const flushBytes = 1 << 18;

// Texts that live a while are promoted by the garbage collector, and a million of them stay for long. So none is kept as a
// string, and buffers are used again.

/** Where the blocks are: the number of the first text of each, and the byte at which it begins. */
interface Blocks {
  firsts: number[];
  starts: number[];
}

/** Writes texts one after the other, each behind its length. */
export class TextWriter {
  readonly #file: SpoolFile;
  readonly #blocks: Blocks = { firsts: [], starts: [] };
  #count = 0;
  #buffer: Buffer = Buffer.alloc(2 * flushBytes);
  #used = 0;
  #written = 0;

  constructor(file: SpoolFile) {
    this.#file = file;
  }

  add(text: string): void {
    if (this.#isBlockFull()) this.#beginBlock();
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
    // Behind the last one, so that each ends where the next begins.
    this.#beginBlock();
    return new TextPages(this.#file.fd, this.#blocks);
  }

  #isBlockFull(): boolean {
    const { firsts, starts } = this.#blocks;
    const [first, start] = [firsts.at(-1), starts.at(-1)];
    if (first === undefined || start === undefined) return true;
    return this.#count - first === blockSize || this.#written + this.#used - start >= blockBytes;
  }

  #beginBlock(): void {
    this.#blocks.firsts.push(this.#count);
    this.#blocks.starts.push(this.#written + this.#used);
  }

  async #flush(): Promise<void> {
    await this.#file.append(this.#buffer.subarray(0, this.#used));
    this.#written += this.#used;
    this.#used = 0;
  }
}

/** A block in memory. */
interface Page {
  block: number;
  /** Its bytes, and what is left of an earlier block behind them. */
  bytes: Buffer;
  /** Of each of its texts, the first byte and the byte behind it. */
  places: Uint32Array;
}

/** Finds written texts by their number. */
export class TextPages {
  readonly #fd: number;
  readonly #blocks: Blocks;
  readonly #pages = new Map<number, Page>();
  #keptBytes = 0;
  #last: Page | undefined;

  constructor(fd: number, blocks: Blocks) {
    this.#fd = fd;
    this.#blocks = blocks;
  }

  /** Undefined when there is none. */
  at(index: number): string | undefined {
    const { firsts } = this.#blocks;
    if (!(Number.isSafeInteger(index) && index >= 0 && index < (firsts.at(-1) ?? 0))) return undefined;
    const page = this.#pageOf(index);
    const place = 2 * (index - (firsts[page.block] ?? 0));
    return page.bytes.toString("utf8", page.places[place], page.places[place + 1]);
  }

  #pageOf(index: number): Page {
    const { firsts } = this.#blocks;
    const last = this.#last;
    if (last && index >= (firsts[last.block] ?? 0) && index < (firsts[last.block + 1] ?? 0)) return last;
    const block = lastUpTo(firsts, index);
    return (this.#last = this.#pages.get(block) ?? this.#load(block));
  }

  /** Reading a few kilobytes from the system's cache is quicker than waiting for a thread. */
  #load(block: number): Page {
    const { firsts, starts } = this.#blocks;
    const [start = 0, end = 0] = [starts[block], starts[block + 1]];
    const size = end - start;
    const page = this.#free(size);
    if (readSync(this.#fd, page.bytes, 0, size, start) !== size)
      throw new Error("The file with the texts of a workbook is shorter than what was written to it");
    const count = (firsts[block + 1] ?? 0) - (firsts[block] ?? 0);
    for (let text = 0, place = 0; text < count; text++) {
      const length = page.bytes.readUInt32LE(place);
      page.places[text * 2] = place + 4;
      page.places[text * 2 + 1] = place += 4 + length;
    }
    page.block = block;
    this.#pages.set(block, page);
    return page;
  }

  /** A page with room for so many bytes: a new one, or the oldest. */
  #free(size: number): Page {
    let free: Page | undefined;
    for (const oldest of this.#pages.values()) {
      if (this.#pages.size < maxKept && this.#keptBytes + size <= maxKeptBytes) break;
      this.#pages.delete(oldest.block);
      this.#keptBytes -= oldest.bytes.length;
      free = oldest;
    }
    if (!free || free.bytes.length < size) free = newPage(size);
    this.#keptBytes += free.bytes.length;
    return free;
  }
}

const newPage = (size: number): Page => ({
  block: -1,
  bytes: Buffer.alloc(Math.max(size, 4_096)),
  places: new Uint32Array(blockSize * 2),
});

/** The place of the last of the rising numbers that is not above this one. */
function lastUpTo(numbers: readonly number[], most: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}
