import { Buckets } from "../lib/buckets.ts";

const megabyte = 1024 * 1024;

/** Bytes of a body that a receipt, or a message from a person, explains: providers send some hundred. */
const explainedBytes = 1_024;

/** Bytes beyond those that are kept of an account. */
const unexplained = { atOnce: 256 * megabyte, perSecond: (16 * megabyte) / 3_600 };

/**
 * Which raw bodies are kept, in this process. They are there to look into; whoever knows a callback URL, or is asked as a
 * provider, could fill the disk with bodies that are nearly all padding. What is in them is read all the same.
 */
export class KeptBodies {
  readonly #bytes: Buckets;

  constructor(now?: () => number) {
    this.#bytes = new Buckets(unexplained, now);
  }

  /** @param fresh how many receipts and messages in it were new */
  keeps(accountId: string, body: string, fresh: number): boolean {
    return this.#bytes.take(accountId, Buffer.byteLength(body) - fresh * explainedBytes);
  }
}

/** What is noted of a body that is not kept. */
export const notKept =
  "Not kept: the bodies of this account are far larger than the receipts in them. What was in it has been read.";
