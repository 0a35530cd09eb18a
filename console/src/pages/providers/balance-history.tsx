import { useMemo } from "react";
import type { ProviderQuery } from "../../gql/graphql.ts";
import { Chart } from "../../ui/chart.tsx";
import { formatMoney } from "../../ui/money.tsx";
import { Time } from "../../ui/time.tsx";

type Known = NonNullable<ProviderQuery["provider"]>["balanceHistory"]["edges"][number]["node"];

const lines = [{ label: "Balance", colour: "--accent", fill: true }] as const;

/** Newest first, as the API has it. */
export function BalanceHistory({ history }: { history: readonly Known[] }) {
  const columns = useMemo(() => {
    const oldestFirst = history.toReversed();
    return [
      oldestFirst.map(({ fetchedAt }) => Date.parse(fetchedAt) / 1000),
      // Only for drawing: what is written is the exact amount.
      oldestFirst.map(({ amount, units }) => Number(amount?.amount ?? units ?? 0)),
    ];
  }, [history]);
  const [newest] = history;
  if (!newest) return <p className="quiet">No balance is known yet.</p>;
  return (
    <div className="stack">
      <p>
        <strong>{newest.amount ? formatMoney(newest.amount) : `${newest.units} units`}</strong>{" "}
        <span className="quiet">
          as of <Time at={newest.fetchedAt} />
        </span>
      </p>
      {history.length > 1 && <Chart label="Balance over time" lines={lines} columns={columns} height={160} />}
    </div>
  );
}
