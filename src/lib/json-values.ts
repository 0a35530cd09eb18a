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
 * Counts the values in JSON while it arrives, without reading it: entries of lists, fields of objects, and the lists and
 * objects themselves, each empty one too. What is no JSON is counted somehow.
 */
export class JsonValues {
  #count = 1;
  #isInText = false;
  #isEscaped = false;
  /** Of each list and object that is open. */
  readonly #fields: number[] = [];
  /** Those that are open and too deep. */
  #deeper = 0;
  #most = 0;

  /** The most fields that an object has so far. */
  get mostFields(): number {
    return this.#most;
  }

  /** How many there are so far. */
  add(bytes: Uint8Array): number {
    for (const byte of bytes) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === quote) this.#isInText = !this.#isInText;
      else if (this.#isInText) this.#isEscaped = byte === backslash;
      else if (byte === comma) this.#count++;
      else if (byte === colon) this.#addField();
      else if (byte === openBracket || byte === openBrace) this.#open();
      else if (byte === closeBracket || byte === closeBrace) this.#close();
    }
    return this.#count;
  }

  #open(): void {
    this.#count++;
    if (this.#fields.length < maxDepth) this.#fields.push(0);
    else this.#deeper++;
  }

  #close(): void {
    if (this.#deeper > 0) this.#deeper--;
    else this.#fields.pop();
  }

  #addField(): void {
    const last = this.#fields.length - 1;
    const fields = (this.#fields[last] ?? 0) + 1;
    if (last >= 0) this.#fields[last] = fields;
    if (fields > this.#most) this.#most = fields;
  }
}
