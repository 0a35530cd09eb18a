import { randomInt } from "node:crypto";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const openBrace = 0x7b;
const closeBracket = 0x5d;
const closeBrace = 0x7d;
const colon = 0x3a;

/** Fields are counted of objects that are nested no deeper. */
const maxDepth = 1_000;

/**
 * So many different beginnings of objects, told apart by their names and the order of them. The engine makes a hidden class
 * for each, which takes it a few microseconds: half a million names in thirty megabytes would take it seconds.
 */
export const maxShapes = 20_000;
/** An object of more fields is a dictionary to the engine, which makes no more classes of it. */
const mostShaped = 1_024;

/** In objects of more fields each costs several times as much to the engine. */
const mostCheap = 100;
/** So many fields that objects have beyond those. */
export const maxWideFields = 50_000;

/** Shapes are told apart by this many bits of a hash; a few of thousands fall together, and count once. */
const shapeBits = 18;

/** Not known to anybody outside, so nobody can choose names that fall together. */
const factor = randomInt(2 ** 31) * 2 + 1;

/** An object that is open: how many fields it has so far, and the hash of their names. */
interface OpenObject {
  fields: number;
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
  /** Of the newest text. */
  #hash = 0;
  readonly #open: OpenObject[] = [];
  /** Those that are open and too deep. */
  #deeper = 0;
  #most = 0;
  #wide = 0;
  #shapes = 0;
  readonly #known = new Uint8Array(2 ** shapeBits / 8);

  /** The most fields that an object has so far. */
  get mostFields(): number {
    return this.#most;
  }

  /** Whether objects of many fields have more than `maxWideFields` together. */
  get isWide(): boolean {
    return this.#wide > maxWideFields;
  }

  /** Whether objects begin in more than `maxShapes` different ways. */
  get hasOddShapes(): boolean {
    return this.#shapes > maxShapes;
  }

  /** How many values there are so far. */
  add(bytes: Uint8Array): number {
    for (const byte of bytes) {
      if (this.#isInText) this.#addToText(byte);
      else if (byte === quote) this.#beginText();
      else if (byte === comma) this.#count++;
      else if (byte === colon) this.#addField();
      else if (byte === openBracket || byte === openBrace) this.#begin();
      else if (byte === closeBracket || byte === closeBrace) this.#end();
    }
    return this.#count;
  }

  #beginText(): void {
    this.#isInText = true;
    this.#hash = 0;
  }

  #addToText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === quote) {
      this.#isInText = false;
      return;
    } else this.#isEscaped = byte === backslash;
    this.#hash = Math.imul(this.#hash ^ byte, factor);
  }

  #begin(): void {
    this.#count++;
    if (this.#open.length < maxDepth) this.#open.push({ fields: 0, shape: 0 });
    else this.#deeper++;
  }

  #end(): void {
    if (this.#deeper > 0) this.#deeper--;
    else this.#open.pop();
  }

  #addField(): void {
    const object = this.#open.at(-1);
    if (!object) return;
    object.fields++;
    this.#most = Math.max(this.#most, object.fields);
    if (object.fields > mostCheap) this.#wide++;
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

/** A shorter text has no shapes that take long. */
const shapedLength = 64 * 1024;

/** Whether the objects in JSON that is there in full begin in more than `maxShapes` different ways. */
export function hasOddShapes(text: string): boolean {
  if (text.length <= shapedLength) return false;
  const values = new JsonValues();
  values.add(Buffer.from(text));
  return values.hasOddShapes;
}
