import { useEffect, useRef, useState, type ReactNode } from "react";
import { LiveStatisticsDocument } from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { Chart } from "../../ui/chart.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card } from "../../ui/page.tsx";
import { inWords } from "../../ui/status.tsx";
import { Legend } from "./legend.tsx";
import { countsOf, lines, RateWindow, series } from "./rates.ts";

const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

const snapshotOf = ({ columns, latest }: RateWindow) => ({ columns, latest });

/** Messages per second as they happen, with what is more urgent than their curve: one frame and one drawing a second, however many there are. */
export function LiveRate({ children }: { children: ReactNode }) {
  const rates = useRef<RateWindow>(undefined);
  rates.current ??= new RateWindow(nowInSeconds());
  const window = rates.current;
  const [shown, show] = useState(() => snapshotOf(window));
  useLive(LiveStatisticsDocument, {}, ({ statisticsChanged }) => {
    window.tick(nowInSeconds());
    for (const { counts } of statisticsChanged.rows) window.add(countsOf(counts));
  });
  useEffect(() => {
    const timer = setInterval(() => {
      window.tick(nowInSeconds());
      show(snapshotOf(window));
    }, 1000);
    return () => clearInterval(timer);
  }, [window]);
  return (
    <>
      <dl className="card tiles">
        {series.map((name) => (
          <div key={name} className="tile">
            <dt>{inWords(name)} per second</dt>
            <dd>{formatCount(shown.latest[name])}</dd>
          </div>
        ))}
      </dl>
      {children}
      <Card title="Messages per second" actions={<Legend />}>
        <Chart label="Messages per second over the last five minutes" lines={lines} columns={shown.columns} />
      </Card>
    </>
  );
}
