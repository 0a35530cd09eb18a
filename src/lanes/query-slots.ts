import type { Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";
import type { AcquireSlot } from "../providers/http.ts";
import { maxOpenSeconds } from "./decide.ts";
import { mayStay } from "./staying.ts";
import { tokensAtInSql } from "./token-bucket.ts";

/**
 * Status queries (look-ups and reconciliations) share the provider's lane with submissions. Each request
 * takes a token, after the submissions that wait, and none is sent while the breaker is open.
 */

/**
 * One token in this many goes to status queries even while submissions wait. Otherwise a long campaign would
 * get no status before its end.
 */
const tokensPerQuestion = 10;

/** The page of a list takes tokens for the next pages, too, as many as the lane has in a hundredth of a second. */
const listSeconds = 0.01;
/** Those that are not used within this time are lost. */
const prepaidMs = 1_000;

/**
 * SQL: whether the breaker of `lanes as l` is open at the time `$2`. As in `decide`, a time further ahead than
 * it can be set does not count: a process whose clock was ahead set that.
 */
const isOpen = `(
  l.breaker <> 'CLOSED' and coalesce(l.open_until > $2
    and l.open_until <= $2::timestamptz + interval '${maxOpenSeconds} seconds', false)
)`;

const take: Statement = {
  name: "take_query_slot",
  text: `
    update lanes as l
    set asked_at = $2,
      refilled_at = case when r.rate is null then l.refilled_at else $2 end,
      tokens = case when r.rate is null then l.tokens else r.tokens - r.taken end
    from (
      select *, case when $3 then greatest(1, floor(least(q.tokens, q.rate * ${listSeconds})))::int else 1 end as taken
      from (
      select l.provider_id, p.max_per_second as rate,
        ${tokensAtInSql({ tokens: "l.tokens", refilledAt: "l.refilled_at", rate: "p.max_per_second", now: "$2::timestamptz" })} as tokens
      from lanes as l
      join providers as p on p.id = l.provider_id
      where l.provider_id = $1
      for no key update of l
      ) as q
    ) as r
    where l.provider_id = r.provider_id
      and not ${isOpen}
      and (
        r.rate is null
        or r.tokens >= 1 and (l.wanted_until is null or l.wanted_until <= $2)
        or l.asked_at <= $2::timestamptz - interval '1 second' * ${tokensPerQuestion} / r.rate
      )
    returning r.taken`,
};

const readState: Statement = {
  name: "read_query_state",
  text: `
    select p.max_per_second as rate, ${isOpen} as "isOpen",
      l.open_until as "openUntil"
    from lanes as l
    join providers as p on p.id = l.provider_id
    where l.provider_id = $1`,
};

interface QueryState {
  /** Requests per second; null without a limit. */
  rate: number | null;
  /** Whether the breaker is open, and lets nothing through until `openUntil`. */
  isOpen: boolean;
  openUntil: Date | null;
}

/** What limits status queries to a provider now; undefined when there is no such provider. */
export async function readQueryState(
  database: Database,
  providerId: string,
  now: Date,
): Promise<QueryState | undefined> {
  return (await database.query<QueryState>(readState, [providerId, now]))[0];
}

const takeList: Statement = {
  name: "take_list_slot",
  text: `
    update lanes as l set listed_at = clock_timestamp()
    where provider_id = $1 and listed_at <= clock_timestamp() - interval '1 second'
      and not ${isOpen} and $3
    returning 1 as taken`,
};

/** A longer wait happens in the queue, so that it does not occupy a worker's place. */
const maxWaitMs = 3_000;
/**
 * Lists wait longer, since reading one would have to start again from the beginning. It is counted from the last page
 * that had its turn: pages that are asked for together wait for each other.
 */
const maxListWaitMs = 60_000;
const listPauseMs = 200;

interface SlotOptions {
  database: Database;
  clock: Clock;
  /** Whether this process is ending or the connection was replaced: then a list gives up, and is read again later. */
  isStopping: () => boolean;
}

/** Asks for a slot until there is one; gives up at the deadline. The number of requests that it is for; 0 if there was none. */
type TakeSlot = (isList: boolean, deadline: number) => Promise<number>;

/**
 * Without a limit only the breaker counts, and the caller has checked it: no statement for each request.
 * Lists are still limited to one request per second: they cost the provider more and are rarely urgent.
 */
export function createSlots(
  { database, clock, isStopping }: SlotOptions,
  { id, maxPerSecond }: { id: string; maxPerSecond: number | null },
): AcquireSlot {
  const pauseMs = maxPerSecond === null ? listPauseMs : Math.min(250, Math.max(20, 1000 / maxPerSecond));
  const statement = maxPerSecond === null ? takeList : take;
  const takeSlot: TakeSlot = async (isList, deadline) => {
    for (;;) {
      const [slot] = await database.query<{ taken: number }>(statement, [id, clock.now(), isList]);
      if (slot) return slot.taken;
      if (performance.now() > deadline || isStopping()) return 0;
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  };
  const pageTurns = new PageTurns(takeSlot, isStopping);
  return async ({ isList = false }) => {
    if (isList) return pageTurns.next();
    if (maxPerSecond === null) return true;
    return (await takeSlot(false, performance.now() + maxWaitMs)) > 0;
  };
}

/**
 * The pages of a provider's lists, several of which are asked for at once, take their turns in the order of asking. If all
 * of them tried at the same time, chance could let one wait for ever, and a list lacks that page until it is there.
 */
class PageTurns {
  readonly #takeSlot: TakeSlot;
  readonly #isStopping: () => boolean;
  #last: Promise<unknown> = Promise.resolve();
  #servedAt = -Infinity;
  #prepaid = 0;
  #prepaidUntil = 0;

  constructor(takeSlot: TakeSlot, isStopping: () => boolean) {
    this.#takeSlot = takeSlot;
    this.#isStopping = isStopping;
  }

  next(): Promise<boolean> {
    const askedAt = performance.now();
    const turn = this.#last.then(() => this.#serve(askedAt));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #serve(askedAt: number): Promise<boolean> {
    if (this.#isStopping() || !mayStay()) return false;
    const isPrepaid = this.#prepaid > 0 && performance.now() < this.#prepaidUntil;
    if (isPrepaid) this.#prepaid--;
    else {
      const deadline = Math.max(askedAt, this.#servedAt) + maxListWaitMs;
      const taken = await this.#takeSlot(true, deadline);
      if (taken === 0) return false;
      this.#prepaid = taken - 1;
      this.#prepaidUntil = performance.now() + prepaidMs;
    }
    this.#servedAt = performance.now();
    return true;
  }
}
