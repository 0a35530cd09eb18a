import { InvalidInputError } from "../../lib/errors.ts";
import { parseTimeZone } from "../../lib/time-zone.ts";
import type { StatisticsQuestion } from "./read.ts";
import { dayRows, kept, minuteRows, quarterRows } from "./spans.ts";

/** The most buckets and rows in one answer. */
export const maxBuckets = 1_500;
export const maxRows = 5_000;

const dayMs = 86_400_000;
const bucketMs = { MINUTE: 60_000, HOUR: 3_600_000, DAY: dayMs } as const;
export type Bucket = keyof typeof bucketMs;

interface Range {
  from: Date;
  until: Date;
  bucket?: Bucket | undefined;
  timeZone?: string | undefined;
}

type Checked = Pick<StatisticsQuestion, "span" | "from" | "until" | "bucket" | "timeZone">;

/**
 * Decides which sums answer a range of time.
 * @throws InvalidInputError when the range is empty, has too many buckets, or is older than the sums it needs
 */
export function checkRange({ from, until, bucket, timeZone = "UTC" }: Range, now: Date): Checked {
  if (until <= from) throw new InvalidInputError("until", "`until` must be later than `from`.");
  const zone = parseTimeZone(timeZone);
  if (zone === undefined)
    throw new InvalidInputError(
      "timeZone",
      `There is no time zone ${JSON.stringify(timeZone)}. Use an IANA name, such as "Europe/Bratislava".`,
    );
  if (bucket) checkBuckets(from, until, bucket);
  const span = spanFor({ from, until, bucket, timeZone: zone }, now);
  return {
    ...rounded(from, until, span),
    span,
    bucket: bucket && (bucket.toLowerCase() as Lowercase<Bucket>),
    timeZone: zone,
  };
}

function checkBuckets(from: Date, until: Date, bucket: Bucket): void {
  const buckets = (until.getTime() - from.getTime()) / bucketMs[bucket];
  if (buckets <= maxBuckets) return;
  throw new InvalidInputError(
    "bucket",
    `The range has ${Math.ceil(buckets)} buckets of this size, and at most ${maxBuckets} are answered. Take larger ` +
      "buckets or a shorter range.",
  );
}

function spanFor({ from, until, bucket, timeZone }: Range, now: Date): number {
  const age = (now.getTime() - from.getTime()) / dayMs;
  const hasQuarters = age <= kept.quarterDays;
  if (bucket === "MINUTE") {
    requireAge(age, kept.minuteDays, "Minutes");
    return minuteRows;
  }
  if (bucket === "HOUR") {
    requireAge(age, kept.quarterDays, "Hours");
    return quarterRows;
  }
  if (bucket === "DAY") {
    if (timeZone === "UTC") return dayRows;
    requireAge(age, kept.quarterDays, "Days of a zone other than UTC");
    return quarterRows;
  }
  const isShort = age <= kept.minuteDays && until.getTime() - from.getTime() <= dayMs;
  if (isShort) return minuteRows;
  return hasQuarters ? quarterRows : dayRows;
}

function requireAge(age: number, days: number, what: string): void {
  if (age <= days) return;
  throw new InvalidInputError(
    "from",
    `${what} are kept for ${days} days, and \`from\` is earlier. Take larger buckets or a later \`from\`.`,
  );
}

/** Outwards to the edges of the sums, so that nothing of the range is missing. */
function rounded(from: Date, until: Date, seconds: number): { from: Date; until: Date } {
  const step = seconds * 1000;
  return {
    from: new Date(Math.floor(from.getTime() / step) * step),
    until: new Date(Math.ceil(until.getTime() / step) * step),
  };
}
