import { hash } from "node:crypto";

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
export const errorLimits: CacheLimits = { longest: 16_000, together: 1_200_000 };

/** How many documents are known by their hash that were asked for once. */
const mostSeen = 5_000;

/**
 * Remembers by their documents what came of them, those that were asked for last. It is bounded by their length and not
 * by their number: a thousand different documents of a stranger would take more than a gigabyte. Nothing is kept of one
 * that was asked for only once: a flood of different ones would drive out the others, and everyone would wait while so
 * much that lives a little longer is collected.
 */
export class DocumentCache<Result> {
  readonly #limits: CacheLimits;
  /** The one that was asked for last is the last. */
  readonly #results = new Map<string, Result>();
  /** Hashes of documents that were asked for once, the oldest first. */
  readonly #seen = new Set<string>();
  #length = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get(document: string): Result | undefined {
    // Looking for a long text takes as long as reading it.
    if (document.length > this.#limits.longest) return undefined;
    const result = this.#results.get(document);
    if (result === undefined) return undefined;
    this.#results.delete(document);
    this.#results.set(document, result);
    return result;
  }

  set(document: string, result: Result): void {
    const { longest, together } = this.#limits;
    if (document.length > longest || !this.#isKnown(document)) return;
    if (!this.#results.delete(document)) this.#length += document.length + each;
    this.#results.set(document, result);
    for (const oldest of this.#results.keys()) {
      if (this.#length <= together) return;
      this.#results.delete(oldest);
      this.#length -= oldest.length + each;
    }
  }

  #isKnown(document: string): boolean {
    if (this.#results.has(document)) return true;
    const digest = hash("sha1", document, "base64");
    if (this.#seen.delete(digest)) return true;
    this.#seen.add(digest);
    const [oldest] = this.#seen;
    if (oldest !== undefined && this.#seen.size > mostSeen) this.#seen.delete(oldest);
    return false;
  }
}
