const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const openBrace = 0x7b;

/**
 * Counts the values in JSON while it arrives, without reading it: entries of lists, fields of objects, and the lists and
 * objects themselves, each empty one too. What is no JSON is counted somehow.
 */
export class JsonValues {
  #count = 1;
  #isInText = false;
  #isEscaped = false;

  /** How many there are so far. */
  add(bytes: Uint8Array): number {
    for (const byte of bytes) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === quote) this.#isInText = !this.#isInText;
      else if (this.#isInText) this.#isEscaped = byte === backslash;
      else if (byte === comma || byte === openBracket || byte === openBrace) this.#count++;
    }
    return this.#count;
  }
}
