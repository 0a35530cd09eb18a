/** What an open subscription gives, one value after the other. */
export interface Stream<Value> extends AsyncIterableIterator<Value> {
  /** Where to go on behind a value, where the stream can be resumed. */
  cursorOf: ((value: Value) => string) | undefined;
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
    cursorOf?: (value: Value) => string,
  ): Stream<Value> {
    const controller = new AbortController();
    const { signal } = controller;
    const values = start(signal);
    if (this.#closed) controller.abort();
    else this.#open.add(controller);
    const end = (): void => {
      this.#open.delete(controller);
      controller.abort();
    };
    return {
      cursorOf,
      async next() {
        try {
          const result = await values.next();
          if (result.done) end();
          return result;
        } catch (error) {
          const left = signal.aborted;
          end();
          if (left) return { done: true, value: undefined };
          throw error;
        }
      },
      async return() {
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
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
