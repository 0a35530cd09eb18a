import { setTimeout } from "node:timers/promises";
import type { Database, Statement } from "../../database/database.ts";
import { patient } from "../../database/read-through-outage.ts";
import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import { WakeUps } from "../../lib/wake-ups.ts";
import type { MessageStatus } from "../model/status.ts";
import { countMoves, type MoveCount } from "./counts.ts";
import { noProvider } from "./moves.ts";
import type { Division, StatisticsRow } from "./read.ts";
import { dayRows } from "./spans.ts";

/** What happened between two moments. */
export interface LiveStatistics {
  from: Date;
  until: Date;
  rows: StatisticsRow[];
}

/** All moves since a day, by provider, country, statuses and lag. */
interface Total {
  at: Date;
  counts: ReadonlyMap<string, TotalRow>;
}

interface TotalRow {
  accountId: string;
  providerId: string;
  country: string;
  from: MessageStatus;
  to: MessageStatus;
  lag: number;
  count: number;
}

interface Watched {
  accountId: string;
  /** The first day (UTC) that is added up. */
  since: Date;
}

const readTotals: Statement = {
  name: "read_live_statistics",
  text: `
    select account_id as "accountId", provider_id as "providerId", country, from_status as "from", to_status as "to", lag,
      sum(count)::float8 as count
    from (
      select account_id, provider_id, country, from_status, to_status, lag, count from move_sums
      where account_id = any ($1::uuid[]) and span = ${dayRows} and start >= $2
      union all
      select account_id, provider_id, country, from_status, to_status, lag, count from move_deltas
      where account_id = any ($1::uuid[]) and minute >= $2
    ) as rows
    group by 1, 2, 3, 4, 5, 6`,
};

/** How long a lost notification can delay a frame. */
const pollMs = 5_000;
const maxBatchSize = 500;
const dayMs = dayRows * 1000;

/**
 * Streams what happens to the messages of an account, as the differences of sums. Sums are only read while
 * someone watches, at most as often as asked, once for all who watch in this process.
 */
export class StatisticsFeed {
  readonly #clock: Clock;
  readonly #wakeUps = new WakeUps();
  readonly #totals: Batcher<Watched, Total>;

  constructor(database: Database, clock: Clock) {
    this.#clock = clock;
    const patientDatabase = patient(database);
    this.#totals = new Batcher((watched) => this.#readAll(patientDatabase, watched), maxBatchSize);
  }

  /** @param onMessages calls back whenever messages have changed */
  open(onMessages: (wake: () => void) => void): void {
    onMessages(() => this.#wakeUps.wakeAll());
  }

  /**
   * Yields an empty frame at once, then what happened since the frame before, and an empty one when nothing
   * happens any more.
   */
  async *watch(
    { accountId, by, maxPerSecond }: { accountId: string; by: Division; maxPerSecond: number },
    signal: AbortSignal,
  ): AsyncGenerator<LiveStatistics> {
    // Receipts may be of the day before. Later days are added as they come.
    const today = Math.floor(this.#clock.now().getTime() / dayMs) * dayMs;
    const watched = { accountId, since: new Date(today - dayMs) };
    let before = await this.#totals.add(watched);
    yield { from: before.at, until: before.at, rows: [] };
    let isQuiet = true;
    while (!signal.aborted) {
      // Register before reading, so that a change during the read wakes us again.
      const hint = this.#wakeUps.next(undefined, signal, pollMs);
      const total = await this.#totals.add(watched);
      const frame = { from: before.at, until: total.at, rows: difference(before, total, by) };
      const hasNews = frame.rows.length > 0;
      if (hasNews || !isQuiet) yield frame;
      before = total;
      isQuiet = !hasNews;
      // Others' messages wake us, too.
      await setTimeout(1000 / maxPerSecond, undefined, { signal });
      if (isQuiet) await hint;
    }
  }

  async #readAll(database: Database, watched: readonly Watched[]): Promise<Total[]> {
    const totals = new Map<string, Map<string, TotalRow>>();
    const groups = Map.groupBy(watched, ({ since }) => since.getTime());
    for (const [since, group] of groups) {
      const accounts = [...new Set(group.map(({ accountId }) => accountId))];
      const rows = await database.query<TotalRow>(readTotals, [accounts, new Date(since)]);
      for (const [accountId, own] of Map.groupBy(rows, (row) => row.accountId))
        totals.set(`${accountId} ${since}`, new Map(own.map((row) => [keyOf(row), row])));
    }
    const at = this.#clock.now();
    return watched.map(({ accountId, since }) => ({
      at,
      counts: totals.get(`${accountId} ${since.getTime()}`) ?? new Map<string, TotalRow>(),
    }));
  }
}

const keyOf = ({ providerId, country, from, to, lag }: TotalRow): string =>
  `${providerId} ${country} ${from} ${to} ${lag}`;

function difference(before: Total, after: Total, by: Division): StatisticsRow[] {
  const news = [...after.counts].flatMap(([key, row]) => {
    const count = row.count - (before.counts.get(key)?.count ?? 0);
    return count === 0 ? [] : [{ ...row, count }];
  });
  const groups = Map.groupBy(news, (row) =>
    JSON.stringify([by.provider && row.providerId, by.country && row.country, by.status && row.to]),
  );
  return [...groups.values()].map((rows) => toRow(rows, { from: before.at, until: after.at }, by));
}

function toRow(
  rows: readonly TotalRow[],
  range: Pick<StatisticsRow, "from" | "until">,
  by: Division,
): StatisticsRow {
  const [first] = rows;
  const providerId = first?.providerId === noProvider ? null : first?.providerId;
  const moves = rows.map(({ from, to, lag, count }): MoveCount => [from, to, lag, count]);
  return {
    ...range,
    providerId: by.provider ? (providerId ?? null) : null,
    country: by.country ? first?.country || null : null,
    status: by.status ? (first?.to ?? null) : null,
    counts: countMoves(moves),
    costs: [],
  };
}
