import type { Queryable, Statement } from "../../database/database.ts";
import type { Clock } from "../../lib/clock.ts";
import { lagQuantile } from "./lag.ts";
import { dayRows } from "./spans.ts";

/** How long receipts may take, by provider and country. */
export interface ExpectedLags {
  seconds(providerId: string | null, country: string | null): number;
  /** All combinations of which something is known. */
  measured(): { providerId: string; country: string; seconds: number }[];
}

/** By the lags of this many days. */
export const measuredDays = 7;
/** Fewer receipts say nothing. */
const fewestReceipts = 50;
/** A receipt is overdue after this many times what 99 of a hundred took, within bounds. */
const patience = 3;
const boundSeconds = { least: 60, most: 12 * 3_600 };
/** When nothing is known. */
const usualSeconds = 15 * 60;

const refreshMs = 5 * 60_000;

const readLags: Statement = {
  name: "read_expected_lags",
  text: `
    select provider_id as "providerId", country, lag, sum(count)::float8 as count
    from move_sums
    where account_id = $1 and span = ${dayRows} and start >= $2 and lag > 0
    group by provider_id, country, lag`,
};

interface LagRow {
  providerId: string;
  country: string;
  lag: number;
  count: number;
}

/** Knows when the receipts of each account's messages are overdue. Measured again every few minutes. */
export class ReceiptExpectations {
  readonly #database: Queryable;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readAt: number; lags: Promise<ExpectedLags> }>();

  constructor(database: Queryable, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  of(accountId: string): Promise<ExpectedLags> {
    const now = this.#clock.now().getTime();
    const known = this.#known.get(accountId);
    if (known && now - known.readAt < refreshMs) return known.lags;
    const lags = this.#read(accountId, new Date(now - measuredDays * dayRows * 1000));
    this.#known.set(accountId, { readAt: now, lags });
    lags.catch(() => this.#known.delete(accountId));
    return lags;
  }

  async #read(accountId: string, since: Date): Promise<ExpectedLags> {
    const rows = await this.#database.query<LagRow>(readLags, [accountId, since]);
    const expected = new Map<string, number>();
    for (const keyOf of [keyOfBoth, keyOfProvider])
      for (const [key, group] of Map.groupBy(rows, keyOf)) {
        const seconds = expectedSeconds(group);
        if (seconds !== undefined) expected.set(key, seconds);
      }
    const secondsOf = (place: Place): number =>
      expected.get(keyOfBoth(place)) ?? expected.get(keyOfProvider(place)) ?? usualSeconds;
    const places = [...Map.groupBy(rows, keyOfBoth).values()].flatMap(([first]) => first ?? []);
    return {
      seconds: (providerId, country) => secondsOf({ providerId: providerId ?? "", country: country ?? "" }),
      measured: () =>
        places.map(({ providerId, country }) => ({
          providerId,
          country,
          seconds: secondsOf({ providerId, country }),
        })),
    };
  }
}

type Place = Pick<LagRow, "providerId" | "country">;
const keyOfBoth = ({ providerId, country }: Place): string => `${providerId} ${country}`;
const keyOfProvider = ({ providerId }: Place): string => `${providerId} of any country`;

function expectedSeconds(rows: readonly LagRow[]): number | undefined {
  const lags = new Map<number, number>();
  for (const { lag, count } of rows) lags.set(lag, (lags.get(lag) ?? 0) + count);
  const receipts = [...lags.values()].reduce((sum, count) => sum + count, 0);
  if (receipts < fewestReceipts) return undefined;
  const { least, most } = boundSeconds;
  return Math.min(Math.max(patience * lagQuantile(lags, 0.99), least), most);
}

/** The part of a message that says whether its receipt is overdue. */
interface Awaited {
  status: string;
  providerId: string | null;
  country: string | null;
  submittedAt: Date | null;
}

/** Whether a final receipt is still to come. */
export const isAwaited = ({ status, submittedAt }: Pick<Awaited, "status" | "submittedAt">): boolean =>
  submittedAt !== null && (status === "SUBMITTED" || status === "SENT");

/** Whether the final receipt should have come by now. */
export function isOverdue(message: Awaited, lags: ExpectedLags, now: Date): boolean {
  const { submittedAt, providerId, country } = message;
  if (submittedAt === null || !isAwaited(message)) return false;
  return now.getTime() - submittedAt.getTime() > lags.seconds(providerId, country) * 1000;
}
