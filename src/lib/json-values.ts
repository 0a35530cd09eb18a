import { randomInt } from "node:crypto";
import { setImmediate } from "node:timers/promises";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const openBrace = 0x7b;
const closeBracket = 0x5d;
const closeBrace = 0x7d;
const colon = 0x3a;
const [zero, nine] = [0x30, 0x39];

/** Fields are counted of objects that are nested no deeper. */
const maxDepth = 1_000;

/**
 * What takes the engine long to read, so far beyond what anybody needs that it is not read. It makes a hidden class for each
 * beginning of an object, so half a million names take it seconds; fields of large objects, and lists and objects that hold
 * little, cost it several times as much as other values.
 */
const most = {
  /** Beginnings of objects that differ in their names, or the order of them. */
  shapes: 20_000,
  /** Fields of objects beyond the first hundred of each, and fields whose names are numbers. */
  wide: 50_000,
  /** Entries of one list: more than any that is wanted. */
  entries: 250_000,
  containers: 300_000,
  /** Lists and objects within more than eight others. */
  deep: 10_000,
};
const [mostNarrow, mostShallow] = [100, 8];
/** An object of more fields is a dictionary to the engine, which makes no more classes of it. */
const mostShaped = 1_024;

/** Shapes are told apart by this many bits of a hash; a few of thousands fall together, and count once. */
const shapeBits = 18;

/** Not known to anybody outside, so nobody can choose names that fall together. */
const factor = randomInt(2 ** 31) * 2 + 1;

/** So much of a text that is a value is looked at byte by byte; for more of it, a faster search pays. */
const shortText = 32;

/** A list or an object that is open: how many fields or commas it has so far, and the hash of the names of its fields. */
interface Open {
  isObject: boolean;
  fields: number;
  commas: number;
  shape: number;
}

/**
 * Counts the values in JSON while it arrives, without reading it: entries of lists, fields of objects, and the lists and
 * objects themselves, each empty one too. What is no JSON is counted somehow.
 */
export class JsonValues {
  #count = 1;
  #isInText = false;
  #isEscaped = false;
  /** What comes next is the value of a field. */
  #isAfterColon = false;
  /** The newest text is no name of a field, and so many bytes of it have come since it was searched. */
  #isValue = false;
  #length = 0;
  /** Of the newest text. */
  #hash = 0;
  #isNumber = true;
  readonly #open: Open[] = [];
  /** Those that are open and too deep. */
  #deeper = 0;
  #most = 0;
  #wide = 0;
  #longest = 0;
  #shapes = 0;
  #containers = 0;
  #deep = 0;
  readonly #known = new Uint8Array(2 ** shapeBits / 8);

  /** The most fields that an object has so far. */
  get mostFields(): number {
    return this.#most;
  }

  /** What takes long to read of what has come so far, in words; undefined when nothing does. */
  get excess(): string | undefined {
    if (this.#shapes > most.shapes) return `more than ${most.shapes} different beginnings of objects`;
    if (this.#wide > most.wide)
      return `more than ${most.wide} fields beyond the hundredth of objects, or with numbers as names`;
    if (this.#longest > most.entries) return `a list of more than ${most.entries} entries`;
    if (this.#containers > most.containers) return `more than ${most.containers} lists and objects`;
    if (this.#deep > most.deep) return `more than ${most.deep} lists and objects within eight others`;
    return undefined;
  }

  /** How many values there are so far. */
  add(bytes: Uint8Array): number {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let nextQuote = -1;
    for (let at = 0; at < buffer.length; at++) {
      const byte = buffer[at] ?? 0;
      if (!this.#isInText) this.#addOutside(byte);
      else if (!this.#isValue || this.#isEscaped || this.#length < shortText) this.#addToText(byte);
      else {
        // To the end of the text, or to what escapes the byte behind it.
        if (nextQuote < at) nextQuote = buffer.indexOf(quote, at);
        if (nextQuote === -1) nextQuote = buffer.length;
        const escaping = buffer.subarray(at, nextQuote).indexOf(backslash);
        at = escaping === -1 ? nextQuote : at + escaping;
        this.#length = 0;
        if (at < buffer.length) this.#addToText(buffer[at] ?? 0);
      }
    }
    return this.#count;
  }

  #addOutside(byte: number): void {
    if (byte === quote) this.#beginText();
    else if (byte === comma) this.#addComma();
    else if (byte === colon) this.#addField();
    else if (byte === openBracket || byte === openBrace) this.#begin(byte === openBrace);
    else if (byte === closeBracket || byte === closeBrace) this.#end();
  }

  #beginText(): void {
    this.#isInText = true;
    this.#isValue = this.#isAfterColon || this.#open.at(-1)?.isObject !== true;
    this.#isAfterColon = false;
    this.#length = 0;
    this.#hash = 0;
    this.#isNumber = true;
  }

  #addToText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === quote) {
      this.#isInText = false;
      return;
    } else this.#isEscaped = byte === backslash;
    this.#length++;
    this.#hash = Math.imul(this.#hash ^ byte, factor);
    if (byte < zero || byte > nine) this.#isNumber = false;
  }

  #begin(isObject: boolean): void {
    this.#isAfterColon = false;
    this.#count++;
    this.#containers++;
    if (this.#open.length >= mostShallow) this.#deep++;
    if (this.#open.length < maxDepth) this.#open.push({ isObject, fields: 0, commas: 0, shape: 0 });
    else this.#deeper++;
  }

  #end(): void {
    if (this.#deeper > 0) this.#deeper--;
    else this.#open.pop();
  }

  #addComma(): void {
    this.#isAfterColon = false;
    this.#count++;
    const open = this.#open.at(-1);
    // What has no fields is a list.
    if (open?.fields === 0) this.#longest = Math.max(this.#longest, ++open.commas + 1);
  }

  #addField(): void {
    this.#isAfterColon = true;
    const object = this.#open.at(-1);
    if (!object) return;
    object.fields++;
    this.#most = Math.max(this.#most, object.fields);
    if (object.fields > mostNarrow || this.#isNumber) this.#wide++;
    if (object.fields > mostShaped) return;
    object.shape = Math.imul((object.shape << 1) ^ this.#hash, factor) + object.fields;
    this.#note(object.shape >>> (32 - shapeBits));
  }

  #note(shape: number): void {
    const index = shape >> 3;
    const bit = 1 << (shape & 7);
    const known = this.#known[index] ?? 0;
    if ((known & bit) !== 0) return;
    this.#known[index] = known | bit;
    this.#shapes++;
  }
}

/** A shorter text has nothing that takes long. */
const shortLength = 64 * 1024;

/** What takes long to read in JSON that is there in full, in words; undefined when nothing does. */
export function excessIn(text: string): string | undefined {
  if (text.length <= shortLength) return undefined;
  const values = new JsonValues();
  values.add(Buffer.from(text));
  return values.excess;
}

const sliceLength = 256 * 1024;

/** The same, with turns of the event loop for everybody else between. */
export async function excessInSlices(text: string): Promise<string | undefined> {
  if (text.length <= shortLength) return undefined;
  const values = new JsonValues();
  for (let from = 0; from < text.length && values.excess === undefined; from += sliceLength) {
    values.add(Buffer.from(text.slice(from, from + sliceLength)));
    await setImmediate();
  }
  return values.excess;
}
