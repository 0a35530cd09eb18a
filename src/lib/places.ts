import { TooManyRequestsError } from "./errors.ts";

interface PlacesOptions {
  /** Of one holder. */
  atOnce: number;
  /** How long others wait for a place. */
  waitMs: number;
  retryAfterSeconds: number;
}

/** The places of one holder that are taken, and those who wait for one. */
interface Own {
  taken: number;
  waiting: Set<() => void>;
}

/** So many pieces of work of one holder (an account) at a time. Others of it wait, the longest first. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #byHolder = new Map<string, Own>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Waits for a place. Returns how to give it back. @throws TooManyRequestsError when none comes free in time */
  async enter(holder: string): Promise<() => void> {
    const own = this.#byHolder.get(holder) ?? { taken: 0, waiting: new Set() };
    this.#byHolder.set(holder, own);
    if (own.taken < this.#options.atOnce) own.taken++;
    else await this.#placeOf(own);
    return () => this.#passOn(holder, own);
  }

  #placeOf({ waiting }: Own): Promise<void> {
    const { waitMs, retryAfterSeconds } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.add(resolve);
    const timer = setTimeout(() => {
      waiting.delete(resolve);
      reject(new TooManyRequestsError("ACCOUNT", retryAfterSeconds));
    }, waitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  #passOn(holder: string, own: Own): void {
    const [next] = own.waiting;
    if (next) {
      own.waiting.delete(next);
      next();
    } else if (--own.taken === 0) this.#byHolder.delete(holder);
  }
}

/**
 * Requests that take the processor or the database for long, of whatever kind: lists of thousands, erasures, callbacks read
 * again.
 */
const longRequests = new Places({ atOnce: 3, waitMs: 15_000, retryAfterSeconds: 10 });

/** From so many entries on, a list is long. */
const manyEntries = 1_000;

/** Does a long request when there is a place for it. @throws TooManyRequestsError when none comes free in time */
export async function asLongRequest<Result>(holder: string, work: () => Promise<Result>): Promise<Result> {
  const leave = await longRequests.enter(holder);
  try {
    return await work();
  } finally {
    leave();
  }
}

/** The same for a request with so many entries, which takes no place when they are few. */
export const asLongRequestIfMany = <Result>(
  holder: string,
  entries: number,
  work: () => Promise<Result>,
): Promise<Result> => (entries < manyEntries ? work() : asLongRequest(holder, work));
