/** The values of one open subscription, in order. */
export interface Stream<Value> extends AsyncIterableIterator<Value> {
  /** The cursor after a value; undefined when the stream cannot be resumed. */
  cursorOf: ((value: Value) => string) | undefined;
  /** Lets a listener receive values as they happen; undefined when the stream cannot be listened to. */
  tap: Tap<Value> | undefined;
}

/**
 * A stream with nothing left to read can be listened to between two calls of `next`. Values are then pushed,
 * without a promise for each. `next` continues where listening stopped.
 */
export interface Tap<Value> {
  /** False when there is still something to read first. */
  open(taker: Taker<Value>): boolean;
  close(): void;
}

/** Receives pushed values. */
export interface Taker<Value> {
  take(value: Value): void;
  /** No more values will be pushed. */
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
   * Runs a generator that can be interrupted while it waits. When the client leaves, the signal aborts and
   * the stream ends at once, not at its next event.
   */
  open<Value>(
    start: (signal: AbortSignal) => AsyncGenerator<Value>,
    { cursorOf, tap }: Partial<Pick<Stream<Value>, "cursorOf" | "tap">> = {},
  ): Stream<Value> {
    const controller = new AbortController();
    const values = this.#closed ? ended() : start(controller.signal);
    if (this.#closed) controller.abort();
    else this.#open.add(controller);
    return new OpenStream(values, controller, this.#open, cursorOf, tap);
  }

  /** True once `closeAll` was called: a stream that ends now is cut short, not complete. */
  get areClosed(): boolean {
    return this.#closed;
  }

  /**
   * Ends every open stream, and every new one as soon as it opens. Transports must not tell their clients that
   * a stream is complete, because clients resume only one that breaks off.
   */
  closeAll(): void {
    this.#closed = true;
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }
}

async function* ended(): AsyncGenerator<never> {
  // Nothing is read any more.
}

// A class with methods, not closures: ten thousand idle subscriptions each hold one of these in memory.
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
