/** How many characters of documents are remembered: of one, and of all together. */
export interface CacheLimits {
  longest: number;
  together: number;
}

/** What one takes beside its characters, counted in characters. */
const each = 500;

/** A parsed document takes about 75 bytes for each of its characters. */
export const documentLimits: CacheLimits = { longest: 16_000, together: 600_000 };

/** What is wrong with a document takes little more than the document itself. */
export const errorLimits: CacheLimits = { longest: 64_000, together: 1_200_000 };

/**
 * Remembers by their documents what came of them, those that were asked for last. It is bounded by their length and not
 * by their number: a thousand different documents of a stranger would take more than a gigabyte.
 */
export class DocumentCache<Result> {
  readonly #limits: CacheLimits;
  /** The one that was asked for last is the last. */
  readonly #results = new Map<string, Result>();
  #length = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get(document: string): Result | undefined {
    const result = this.#results.get(document);
    if (result === undefined) return undefined;
    this.#results.delete(document);
    this.#results.set(document, result);
    return result;
  }

  set(document: string, result: Result): void {
    const { longest, together } = this.#limits;
    if (document.length > longest) return;
    if (!this.#results.delete(document)) this.#length += document.length + each;
    this.#results.set(document, result);
    for (const oldest of this.#results.keys()) {
      if (this.#length <= together) return;
      this.#results.delete(oldest);
      this.#length -= oldest.length + each;
    }
  }
}
