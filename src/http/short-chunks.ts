import type { Socket } from "node:net";
import { TokenBucket } from "../lib/token-bucket.ts";

/**
 * The short chunks of each sender's bodies together: of an account, and of all strangers. The limits are in time, because a proxy
 * sends the requests of many clients on one connection for hours. A connection of a stranger has a few of its own, so that in
 * a flood of others none is refused that sends a few.
 */
const ofSender = { atOnce: 10_000, perSecond: 10_000 };
const own = { atOnce: 100, perSecond: 100 };

/** All those without a key. */
export const strangers = "";

/** How many short chunks a sender may send now. More leave a debt, and who sends on waits until it is paid. */
export class ShortChunks {
  static readonly #bySender = new Map<string, ShortChunks>();

  readonly #sender: string;
  readonly #bucket = new TokenBucket(ofSender.perSecond, ofSender.atOnce, performance.now());
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Those of an account, by its id, or of `strangers`. */
  static of(sender: string): ShortChunks {
    let known = ShortChunks.#bySender.get(sender);
    if (!known) ShortChunks.#bySender.set(sender, (known = new ShortChunks(sender)));
    return known;
  }

  static areSpent(sender: string): boolean {
    return ShortChunks.#bySender.get(sender)?.isSpent === true;
  }

  private constructor(sender: string) {
    this.#sender = sender;
    this.#lookAgain(1_000);
  }

  get isSpent(): boolean {
    return this.#waiting.length > 0 || !this.#bucket.has(1, performance.now());
  }

  use(): void {
    this.#bucket.use(1, performance.now());
  }

  /** Calls back when something is left again, those who wait one after the other. */
  wait(goOn: () => void): void {
    this.#waiting.push(goOn);
    if (this.#waiting.length > 1) return;
    clearTimeout(this.#timer);
    this.#lookAgain(10);
  }

  #lookAgain(ms: number): void {
    this.#timer = setTimeout(() => {
      const now = performance.now();
      if (this.#bucket.has(1, now)) this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#lookAgain(10);
      else if (this.#bucket.used(now) > 0) this.#lookAgain(1_000);
      else ShortChunks.#bySender.delete(this.#sender);
    }, ms).unref();
  }
}

const ownOf = new WeakMap<Socket, TokenBucket>();

/** Whether a stranger's short chunk may be read now, which then counts. */
export function mayStrangerSend(socket: Socket): boolean {
  const now = performance.now();
  let ofSocket = ownOf.get(socket);
  if (!ofSocket) ownOf.set(socket, (ofSocket = new TokenBucket(own.perSecond, own.atOnce, now)));
  if (ofSocket.has(1, now)) {
    ofSocket.use(1, now);
    return true;
  }
  const all = ShortChunks.of(strangers);
  if (all.isSpent) return false;
  all.use();
  return true;
}
