import { TooManyRequestsError } from "../lib/errors.ts";
import { unreadable } from "./table.ts";

/** So long a file is read before everybody else has a turn. */
const sliceMs = 2;

/** Workbooks of one account that are unpacked at a time, and how long others wait for a place. */
const maxAtOnce = 3;
const waitMs = 15_000;
const retryAfterSeconds = 10;

/** Bytes, or characters, that are read without a look at the clock. What takes long is read in smaller pieces. */
const [leastPiece, mostPiece] = [256, 8_192];

/** Whose file is read, and until when. */
export interface ReaderHints {
  /** The account that gave the file; absent: a file of whoever runs this process. */
  holder?: string | undefined;
  /** Aborts when nobody waits for the result any more. */
  signal?: AbortSignal | undefined;
}

/**
 * One file while it is read. Whatever is in it, and however much a small file unpacks to, it is read in slices of a few
 * milliseconds. Everything else of the process runs between two slices, and files of several accounts have them in turn.
 */
export class FileReader {
  readonly #holder: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #leave: () => void = () => undefined;
  #piece = leastPiece;
  #sliceAt = performance.now();
  #pieceAt = 0;

  constructor({ holder, signal }: ReaderHints) {
    this.#holder = holder;
    this.#signal = signal;
  }

  /**
   * Call before what takes memory or disk, when the file is here: others wait meanwhile, and must not wait for a slow client.
   * @throws TooManyRequestsError when no place comes free in time
   */
  async takePlace(): Promise<void> {
    if (this.#holder !== undefined) this.#leave = await enter(this.#holder);
  }

  /** How much to read before the next call of `rest`. */
  get pieceLength(): number {
    return this.#piece;
  }

  /** Call before each piece. */
  begin(): void {
    this.#pieceAt = performance.now();
  }

  /**
   * Call after each piece, before anybody else works on what was in it. Gives everybody else a turn when it is time.
   * @throws UnreadableTableError when nobody waits any more
   */
  async rest(): Promise<void> {
    const now = performance.now();
    const tookMs = now - this.#pieceAt;
    if (tookMs > sliceMs) this.#piece = Math.max(leastPiece, this.#piece >> 1);
    else if (tookMs < sliceMs / 4) this.#piece = Math.min(mostPiece, this.#piece * 2);
    if (now - this.#sliceAt >= sliceMs) {
      await turns.next(this.#holder ?? "");
      this.#sliceAt = performance.now();
      if (this.#signal?.aborted === true) throw unreadable("The request was broken off.");
    }
  }

  /** The file is not read any more. */
  leave(): void {
    this.#leave();
    this.#leave = () => undefined;
  }
}

/** In each turn of the event loop one slice of one holder. */
class Turns {
  readonly #lines = new Map<string, (() => void)[]>();

  next(holder: string): Promise<void> {
    return new Promise((begin) => {
      const isIdle = this.#lines.size === 0;
      const line = this.#lines.get(holder);
      if (line) line.push(begin);
      else this.#lines.set(holder, [begin]);
      if (isIdle) setImmediate(() => this.#turn());
    });
  }

  #turn(): void {
    const [first] = this.#lines;
    if (!first) return;
    const [holder, line] = first;
    const begin = line.shift();
    // The last in the queue, if it has more.
    this.#lines.delete(holder);
    if (line.length > 0) this.#lines.set(holder, line);
    begin?.();
    if (this.#lines.size > 0) setImmediate(() => this.#turn());
  }
}

const turns = new Turns();

/** The workbooks of one holder that are unpacked, and those that wait. */
interface Places {
  taken: number;
  waiting: Set<() => void>;
}

const places = new Map<string, Places>();

/** Waits for a place. @throws TooManyRequestsError when none comes free in time */
async function enter(holder: string): Promise<() => void> {
  const own = places.get(holder) ?? { taken: 0, waiting: new Set() };
  places.set(holder, own);
  if (own.taken < maxAtOnce) own.taken++;
  else await placeOf(own);
  return () => passOn(holder, own);
}

function placeOf({ waiting }: Places): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  waiting.add(resolve);
  const timer = setTimeout(() => {
    waiting.delete(resolve);
    reject(new TooManyRequestsError("ACCOUNT", retryAfterSeconds));
  }, waitMs);
  return promise.finally(() => clearTimeout(timer));
}

/** The one that has waited longest has the place. */
function passOn(holder: string, own: Places): void {
  const [next] = own.waiting;
  if (next) {
    own.waiting.delete(next);
    next();
  } else if (--own.taken === 0) places.delete(holder);
}
