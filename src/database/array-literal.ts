import { grown } from "../lib/grown.ts";

/** An array literal of PostgreSQL. Elements that are texts must be written by `element`, or need no quotes. */
export const arrayLiteral = (elements: readonly (string | number)[]): string => `{${elements.join(",")}}`;

/** A text, or null, as an element of an array literal. */
export const element = (text: string | null): string =>
  text === null ? "NULL" : `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, String.raw`\$&`) : text}"`;

/**
 * An array literal whose elements come little by little. They are kept as bytes: thousands of strings that live until the
 * last one comes are promoted by the garbage collector, and stay for long.
 */
export class ArrayLiteral {
  #bytes: Buffer = Buffer.alloc(16_384);
  #used = 0;

  /** @param elements joined with commas, texts as `element` writes them */
  add(elements: string): void {
    const most = this.#used + 2 + elements.length * 3;
    if (most > this.#bytes.length) this.#bytes = grown(this.#bytes, most);
    this.#used += this.#bytes.write(this.#used === 0 ? "{" : ",", this.#used);
    this.#used += this.#bytes.write(elements, this.#used);
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** Returns the literal, and begins another. */
  take(): string {
    const text = this.#bytes.toString("utf8", 0, this.#used);
    this.#used = 0;
    return text === "" ? "{}" : `${text}}`;
  }
}
