import { useEffect, useMemo, useState, type ReactNode } from "react";
import { useQuery } from "../../query.ts";
import { HistoryDocument, type HistoryQuery } from "../../gql/graphql.ts";
import { Chart } from "../../ui/chart.tsx";
import { Loading } from "../../ui/empty.tsx";
import { Card } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Legend } from "./legend.tsx";
import { countsOf, lines, series, sumOf } from "./rates.ts";
import { rangeOf, type Span } from "./spans.tsx";

const refreshMs = 60_000;

/** Asks again, each minute if nothing else is said. */
export function useRefresh(
  refresh: (options: { requestPolicy: "network-only" }) => void,
  everyMs = refreshMs,
): void {
  useEffect(() => {
    const timer = setInterval(() => refresh({ requestPolicy: "network-only" }), everyMs);
    return () => clearInterval(timer);
  }, [refresh, everyMs]);
}

/** The present range, moved on each minute. */
export function useRange(span: Span): { from: string; until: string } {
  const [range, setRange] = useState(() => rangeOf(span, Date.now()));
  useEffect(() => {
    const timer = setInterval(() => setRange(rangeOf(span, Date.now())), refreshMs);
    return () => clearInterval(timer);
  }, [span]);
  return range;
}

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

export function History({ span, actions }: { span: Span; actions: ReactNode }) {
  const { from, until } = useRange(span);
  const [{ data, error }] = useQuery({
    query: HistoryDocument,
    variables: { from, until, bucket: span.bucket, timeZone },
    requestPolicy: "cache-and-network",
  });
  const columns = useMemo(
    () => columnsOf(data?.statistics ?? [], span, { from, until }),
    [data, span, from, until],
  );
  const sums = data && sumOf(data.statistics.map(({ counts }) => countsOf(counts)));
  return (
    <Card
      title={`Messages in the last ${span.title.toLowerCase()}`}
      actions={
        <div className="row">
          <Legend sums={sums} />
          {actions}
        </div>
      }
    >
      <Problem>{wordsOf(error)}</Problem>
      {data ? (
        <Chart label={`Messages in the last ${span.title.toLowerCase()}`} lines={lines} columns={columns} />
      ) : (
        !error && <Loading />
      )}
    </Card>
  );
}

/** The API leaves out the steps in which nothing happened. */
function columnsOf(
  rows: HistoryQuery["statistics"],
  { bucketSeconds }: Span,
  { from, until }: { from: string; until: string },
): number[][] {
  const known = new Map(rows.map((row) => [Date.parse(row.from) / 1000, countsOf(row.counts)]));
  const times = new Set(known.keys());
  for (let time = Date.parse(from) / 1000; time < Date.parse(until) / 1000; time += bucketSeconds)
    if (!isNear(time, known, bucketSeconds)) times.add(time);
  const sorted = [...times].toSorted((one, other) => one - other);
  return [sorted, ...series.map((name) => sorted.map((time) => known.get(time)?.[name] ?? 0))];
}

/** Days begin at the midnight of the viewer's zone, which no arithmetic of seconds meets all year. */
function isNear(time: number, known: ReadonlyMap<number, unknown>, bucketSeconds: number): boolean {
  return known.has(time) || [...known.keys()].some((each) => Math.abs(each - time) < bucketSeconds / 2);
}
