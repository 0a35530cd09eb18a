import { randomUUID } from "node:crypto";
import type { Database, Statement } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import { limitKinds, type LimitKind } from "./rate-limits.ts";
import type { Amounts, Caller, RateLimiter } from "./rate-limiter.ts";

const channel = "smsgraph_used";
const tellEveryMs = 500;
/** Less than this share of a limit is not worth telling. */
const leastShare = 0.01;
/** PostgreSQL takes less than 8,000 bytes in a notification. */
const maxPayload = 7_500;

type Entry = [name: string, amounts: number[]];

/**
 * Tells the other API processes, twice a second at most, what was used of the limits here. They take it off their own
 * buckets, so a key that uses all of them together gets no more than its rate in the long run. Until they are told,
 * each can give out one whole burst.
 */
export class SharedUse {
  readonly #database: Database;
  readonly #limiter: RateLimiter;
  readonly #onError: (error: Error) => void;
  readonly #id = randomUUID().slice(0, 8);
  readonly #untold = new Map<Caller, number[]>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(database: Database, limiter: RateLimiter, onError: (error: Error) => void) {
    this.#database = database;
    this.#limiter = limiter;
    this.#onError = onError;
  }

  async open(listener: Listener): Promise<void> {
    await listener.on(channel, (payload) => this.#hear(payload));
    this.#limiter.onUse = (caller, amounts) => this.#note(caller, amounts);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #note(caller: Caller, amounts: Amounts): void {
    const untold = this.#untold.get(caller) ?? limitKinds.map(() => 0);
    for (const kind in amounts)
      untold[limitKinds.indexOf(kind as LimitKind)]! += amounts[kind as LimitKind] ?? 0;
    this.#untold.set(caller, untold);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => void this.#tell(), tellEveryMs).unref();
  }

  async #tell(): Promise<void> {
    const entries = this.#takeEntries();
    try {
      if (entries.length > 0) await this.#database.query(tellUse, [channel, payloadsOf(this.#id, entries)]);
    } catch (error) {
      // What could not be told is given up: it is free again sooner than the database is back.
      if (!this.#closed) this.#onError(error as Error);
    }
    this.#timer = undefined;
    if (this.#untold.size > 0) this.#tellSoon();
  }

  #takeEntries(): Entry[] {
    const entries: Entry[] = [];
    for (const [caller, amounts] of this.#untold) {
      const isMuch = limitKinds.some((kind, at) => caller.shareOf(kind, amounts[at] ?? 0) >= leastShare);
      if (isMuch) entries.push([caller.name, amounts]);
      // What is free again here is free again everywhere.
      if (isMuch || caller.isIdle) this.#untold.delete(caller);
    }
    return entries;
  }

  #hear(payload: string | undefined): void {
    if (payload === undefined || payload.startsWith(`["${this.#id}"`)) return;
    const [, ...entries] = JSON.parse(payload) as [string, ...Entry[]];
    for (const [name, amounts] of entries)
      this.#limiter.note(name, Object.fromEntries(limitKinds.map((kind, at) => [kind, amounts[at] ?? 0])));
  }
}

function payloadsOf(id: string, entries: readonly Entry[]): string[] {
  const payloads: string[] = [];
  let texts: string[] = [JSON.stringify(id)];
  for (const entry of entries.map((one) => JSON.stringify(one))) {
    if (texts.join(",").length + entry.length > maxPayload) {
      payloads.push(`[${texts.join(",")}]`);
      texts = [JSON.stringify(id)];
    }
    texts.push(entry);
  }
  return [...payloads, `[${texts.join(",")}]`];
}

const tellUse: Statement = {
  name: "tell_use",
  text: "select pg_notify($1, payload) from unnest($2::text[]) as payload",
};
