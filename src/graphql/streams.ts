/** What an open subscription gives, one value after the other. */
export interface Stream<Value> extends AsyncIterableIterator<Value> {
  /** Where to go on behind a value, where the stream can be resumed. */
  cursorOf: ((value: Value) => string) | undefined;
  /** How values can be taken as they come, where the stream can be read so. */
  tap: Tap<Value> | undefined;
}

/**
 * A stream that has nothing left to read can be listened to between two calls of `next`: then nobody asks for each
 * value. It goes on with `next` where listening stopped.
 */
export interface Tap<Value> {
  /** False when there is something to read first. */
  open(taker: Taker<Value>): boolean;
  close(): void;
}

/** Who is pushed values. */
export interface Taker<Value> {
  take(value: Value): void;
  /** Nothing more will come. */
  end(): void;
}

/** The open subscriptions of this process: counted, and ended together when it drains. */
export class Streams {
  readonly #open = new Set<AbortController>();
  #closed = false;

  get size(): number {
    return this.#open.size;
  }

  /**
   * Runs a generator whose waiting can be interrupted: a client that leaves aborts the signal, and the stream ends
   * at once instead of with the next event.
   */
  open<Value>(
    start: (signal: AbortSignal) => AsyncGenerator<Value>,
    { cursorOf, tap }: Partial<Pick<Stream<Value>, "cursorOf" | "tap">> = {},
  ): Stream<Value> {
    const controller = new AbortController();
    if (this.#closed) controller.abort();
    else this.#open.add(controller);
    return new OpenStream(start(controller.signal), controller, this.#open, cursorOf, tap);
  }

  /**
   * Ends every stream, and from now on each new one at once; clients see a normal completion and come back with
   * their cursor.
   */
  closeAll(): void {
    this.#closed = true;
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }
}

// A class and not an object of closures, as everything here that ten thousand idle subscriptions have.
class OpenStream<Value> implements Stream<Value> {
  readonly cursorOf: ((value: Value) => string) | undefined;
  readonly tap: Tap<Value> | undefined;
  readonly #values: AsyncGenerator<Value>;
  readonly #controller: AbortController;
  readonly #open: Set<AbortController>;

  constructor(
    values: AsyncGenerator<Value>,
    controller: AbortController,
    open: Set<AbortController>,
    cursorOf: ((value: Value) => string) | undefined,
    tap: Tap<Value> | undefined,
  ) {
    this.cursorOf = cursorOf;
    this.tap = tap;
    this.#values = values;
    this.#controller = controller;
    this.#open = open;
  }

  async next(): Promise<IteratorResult<Value>> {
    try {
      const result = await this.#values.next();
      if (result.done) this.#end();
      return result;
    } catch (error) {
      const left = this.#controller.signal.aborted;
      this.#end();
      if (left) return { done: true, value: undefined };
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Value>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    this.#open.delete(this.#controller);
    this.#controller.abort();
  }
}
