import type { EventFilter } from "../log/event-filter.ts";
import { behind, latest } from "../log/event-log.ts";
import type { FeedRow } from "../log/event-rows.ts";
import type { Position } from "../log/logged-event.ts";
import { hashOf, type Mark, type Names } from "./wire.ts";

/** Above so many watched messages an account is listened to as a whole, until there are no more than half as many. */
const manyMessages = 500;

interface Listening {
  stop(): void;
}

/** One thing that is watched: how often, and since which position. */
interface Watched {
  count: number;
  since: Position;
}

interface WatchedAccount {
  /** The account as a whole. */
  whole: Watched | undefined;
  messages: Map<string, Watched>;
  /** Watched messages by their hash. */
  hashes: Map<number, number>;
  isCrowded: boolean;
  listensToAll: Listening | undefined;
  listensTo: Map<string, Listening>;
}

interface WatchedSubjectsOptions {
  names: Names;
  listen: (subject: string) => Listening;
}

/** Which subjects are listened to: those of the accounts and messages that some filter names, and no others. */
export class WatchedSubjects {
  readonly #options: WatchedSubjectsOptions;
  readonly #accounts = new Map<string, WatchedAccount>();

  constructor(options: WatchedSubjectsOptions) {
    this.#options = options;
  }

  /** @param since up to here everything has been handed out */
  watch({ accountId, messageIds }: EventFilter, since: Position): void {
    const account = this.#accounts.get(accountId) ?? newAccount();
    this.#accounts.set(accountId, account);
    if (!messageIds) {
      account.whole ??= { count: 0, since };
      account.whole.count++;
    }
    for (const id of new Set(messageIds)) {
      const known = account.messages.get(id);
      if (known) known.count++;
      else {
        account.messages.set(id, { count: 1, since });
        account.hashes.set(hashOf(id), (account.hashes.get(hashOf(id)) ?? 0) + 1);
      }
    }
    this.#adjust(accountId, account);
  }

  unwatch({ accountId, messageIds }: EventFilter): void {
    const account = this.#accounts.get(accountId);
    if (!account) return;
    if (!messageIds && account.whole && --account.whole.count === 0) account.whole = undefined;
    for (const id of new Set(messageIds)) {
      const known = account.messages.get(id);
      if (!known || --known.count > 0) continue;
      account.messages.delete(id);
      const left = (account.hashes.get(hashOf(id)) ?? 1) - 1;
      if (left > 0) account.hashes.set(hashOf(id), left);
      else account.hashes.delete(hashOf(id));
    }
    this.#adjust(accountId, account);
    if (!account.whole && account.messages.size === 0) this.#accounts.delete(accountId);
  }

  /** The position after which everything that the filter wants was watched. */
  watchedSince({ accountId, messageIds }: EventFilter): Position {
    const account = this.#accounts.get(accountId);
    const never = behind(2n ** 63n - 1n);
    const whole = account?.whole?.since ?? never;
    if (!messageIds) return whole;
    const sinceOf = (id: string): Position => account?.messages.get(id)?.since ?? never;
    const all = messageIds.map(sinceOf).reduce(latest, behind(0n));
    return latest(all, whole) === all ? whole : all;
  }

  /** Whether the rows are all that the mark names and somebody watches. */
  hasAll({ events }: Mark, rows: readonly FeedRow[]): boolean {
    const byAccount = Object.groupBy(rows, (row) => row[2]);
    return [...events].every(([accountId, marked]) => {
      const account = this.#accounts.get(accountId);
      if (!account) return true;
      const { hashes } = marked;
      const own = byAccount[accountId] ?? [];
      if (account.whole) return own.length === hashes.length;
      const wanted = hashes.filter((hash) => account.hashes.has(hash)).length;
      return own.filter((row) => account.hashes.has(hashOf(row[3]))).length === wanted;
    });
  }

  /** Begins and ends listening. What is to be listened to as a whole is not listened to in parts, which would come twice. */
  #adjust(accountId: string, account: WatchedAccount): void {
    const { names, listen } = this.#options;
    const { whole, messages, listensTo } = account;
    account.isCrowded = messages.size > (account.isCrowded ? manyMessages / 2 : manyMessages);
    const wantsAll = whole !== undefined || account.isCrowded;
    if (wantsAll) account.listensToAll ??= listen(names.account(accountId));
    for (const [id, listening] of listensTo) {
      if (!wantsAll && messages.has(id)) continue;
      listening.stop();
      listensTo.delete(id);
    }
    if (wantsAll) return;
    for (const id of messages.keys())
      if (!listensTo.has(id)) listensTo.set(id, listen(names.message(accountId, id)));
    account.listensToAll?.stop();
    account.listensToAll = undefined;
  }
}

const newAccount = (): WatchedAccount => ({
  whole: undefined,
  messages: new Map(),
  hashes: new Map(),
  isCrowded: false,
  listensToAll: undefined,
  listensTo: new Map(),
});
