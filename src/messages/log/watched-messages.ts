import { TooManyWatchedError } from "../../lib/errors.ts";
import type { EventFilter } from "./event-filter.ts";

/** How many messages filters that name several may name, in one process: those of one account, and of all. */
export const mostWatched = 100_000;
const mostWatchedOfAll = 8 * mostWatched;

/**
 * Counts the messages that filters name. Each takes about 120 bytes for as long as somebody reads with the filter. One
 * that names a single message takes no more than any other, and is bounded by the number of subscriptions.
 */
export class WatchedMessages {
  readonly #ofAccount = new Map<string, number>();
  #ofAll = 0;

  /** @throws TooManyWatchedError when there is no room for one more */
  check(filter: EventFilter): void {
    const count = countOf(filter);
    if (count === 0) return;
    if (this.#of(filter) + count > mostWatched) throw new TooManyWatchedError("ACCOUNT", mostWatched);
    if (this.#ofAll + count > mostWatchedOfAll) throw new TooManyWatchedError("PROCESS", mostWatchedOfAll);
  }

  enter(filter: EventFilter): void {
    const count = countOf(filter);
    if (count === 0) return;
    this.#set(filter, this.#of(filter) + count);
    this.#ofAll += count;
  }

  leave(filter: EventFilter): void {
    const count = countOf(filter);
    if (count === 0) return;
    this.#set(filter, this.#of(filter) - count);
    this.#ofAll -= count;
  }

  #of({ accountId }: EventFilter): number {
    return this.#ofAccount.get(accountId) ?? 0;
  }

  #set({ accountId }: EventFilter, count: number): void {
    if (count > 0) this.#ofAccount.set(accountId, count);
    else this.#ofAccount.delete(accountId);
  }
}

const countOf = ({ messageIds = [] }: EventFilter): number => (messageIds.length > 1 ? messageIds.length : 0);
