import { useQuery } from "../../query.ts";
import { DivisionDocument, type StatisticsDimension } from "../../gql/graphql.ts";
import { Loading } from "../../ui/empty.tsx";
import { formatCount, Sums } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { formatDuration } from "../../ui/time.tsx";
import { useRange } from "./history.tsx";
import type { Span } from "./spans.tsx";

interface DivisionProps {
  span: Span;
  by: Extract<StatisticsDimension, "PROVIDER" | "COUNTRY">;
}

const titles = { PROVIDER: "By provider", COUNTRY: "By country" };
const countries = new Intl.DisplayNames(undefined, { type: "region" });

/** How much arrives and how soon, divided. */
export function Division({ span, by }: DivisionProps) {
  const range = useRange(span);
  const [{ data, error }] = useQuery({
    query: DivisionDocument,
    variables: { ...range, by: [by] },
    requestPolicy: "cache-and-network",
  });
  const rows = data?.statistics.toSorted((one, other) => other.messages - one.messages);
  const title = titles[by];
  return (
    <Card title={title} className="half">
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 && <p className="quiet">Nothing was sent in this time.</p>}
      {rows && rows.length > 0 && (
        <Table
          label={title}
          heads={[
            by === "PROVIDER" ? "Provider" : "Country",
            "Messages",
            "Delivered",
            "Lag (median, p99)",
            "Charged",
          ]}
        >
          {rows.map(({ country, provider, messages, deliveryRate, receiptLag, cost }) => (
            <tr key={provider?.id ?? country ?? ""}>
              <td>{provider?.name ?? (country ? countries.of(country) : "Not known")}</td>
              <td className="figure">{formatCount(messages)}</td>
              <td className="figure">
                {deliveryRate == null ? "–" : `${(deliveryRate * 100).toFixed(1)} %`}
              </td>
              <td className="figure">
                {receiptLag ? `${formatDuration(receiptLag.p50)}, ${formatDuration(receiptLag.p99)}` : "–"}
              </td>
              <td>
                <Sums values={cost} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}
