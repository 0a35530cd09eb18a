import { useQuery } from "../../query.ts";
import { QuotasDocument, RateLimitsDocument } from "../../gql/graphql.ts";
import { useMay } from "../../session.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";
import { formatDuration } from "../../ui/time.tsx";

/** What the key in use may do in a short time, and what the account may have. */
export function RateLimits() {
  const mayRead = useMay("READ", "ADMIN");
  return (
    <div className="column">
      <OfKey />
      {mayRead && <OfAccount />}
    </div>
  );
}

function OfAccount() {
  const [{ data, error }] = useQuery({ query: QuotasDocument, requestPolicy: "network-only" });
  return (
    <Card title="What the account may have">
      <Problem>{wordsOf(error)}</Problem>
      {data && (
        <Table label="What the account may have" heads={["Of", "Most", "Now"]}>
          {data.viewer.quotas.map(({ kind, limit, used }) => (
            <tr key={kind}>
              <td>{inWords(kind)}</td>
              <td className="figure">{limit == null ? "No limit" : formatCount(limit)}</td>
              <td className="figure">{used == null ? "–" : formatCount(used)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

/** How much of what the key may do is left. */
function OfKey() {
  const [{ data, error }] = useQuery({ query: RateLimitsDocument, requestPolicy: "network-only" });
  const limits = data?.viewer.rateLimits;
  return (
    <Card title="What this key may use">
      <Problem>{wordsOf(error)}</Problem>
      {limits?.length === 0 && <p className="quiet">It has no limit.</p>}
      {limits && limits.length > 0 && (
        <Table label="What this key may use" heads={["Of", "At once", "Left now", "Full again in"]}>
          {limits.map(({ kind, limit, remaining, windowSeconds }) => (
            <tr key={kind}>
              <td>{inWords(kind)}</td>
              <td className="figure">{formatCount(limit)}</td>
              <td className="figure">{formatCount(Math.floor(remaining))}</td>
              <td className="figure">{formatDuration(windowSeconds)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}
