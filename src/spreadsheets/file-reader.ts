import { Places } from "../lib/places.ts";
import { Slices } from "../lib/slices.ts";
import { unreadable } from "./table.ts";

/** A piece should take no longer. */
const pieceMs = 2;

/** For files of any kind that are read, and for workbooks that are unpacked. */
const files = new Places({ atOnce: 6, waitMs: 15_000, retryAfterSeconds: 10 });
const workbooks = new Places({ atOnce: 3, waitMs: 15_000, retryAfterSeconds: 10 });

/** Bytes, or characters, that are read without a look at the clock. What takes long is read in smaller pieces. */
const [leastPiece, mostPiece] = [256, 8_192];

/** Whose file is read, and until when. */
export interface ReaderHints {
  /** The account that gave the file; absent: a file of whoever runs this process. */
  holder?: string | undefined;
  /** Aborts when nobody waits for the result any more. */
  signal?: AbortSignal | undefined;
}

/** One file while it is read, in slices: whatever is in it, and however much a small file unpacks to. */
export class FileReader {
  readonly #holder: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #taken: (() => void)[] = [];
  #piece = leastPiece;
  readonly #slices: Slices;
  #pieceAt = 0;

  constructor({ holder, signal }: ReaderHints) {
    this.#holder = holder;
    this.#signal = signal;
    this.#slices = new Slices(holder ?? "");
  }

  /**
   * Call before anything is read.
   * @throws TooManyRequestsError when no place comes free in time
   */
  enter(): Promise<void> {
    return this.#take(files);
  }

  /**
   * Call before what takes memory or disk, when the file is here: others wait meanwhile, and must not wait for a slow client.
   * @throws TooManyRequestsError when no place comes free in time
   */
  takePlace(): Promise<void> {
    return this.#take(workbooks);
  }

  async #take(places: Places): Promise<void> {
    if (this.#holder !== undefined) this.#taken.push(await places.enter(this.#holder));
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
    const tookMs = performance.now() - this.#pieceAt;
    if (tookMs > pieceMs) this.#piece = Math.max(leastPiece, this.#piece >> 1);
    else if (tookMs < pieceMs / 4) this.#piece = Math.min(mostPiece, this.#piece * 2);
    if (this.#slices.isOver) {
      await this.#slices.rest();
      if (this.#signal?.aborted === true) throw unreadable("The request was broken off.");
    }
  }

  /** The file is not read any more. */
  leave(): void {
    for (const giveBack of this.#taken.splice(0)) giveBack();
  }
}
