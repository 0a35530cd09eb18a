import { Link } from "@tanstack/react-router";
import type { CampaignStateFragment } from "../../gql/graphql.ts";
import { formatCount } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { countIn, ProgressBar } from "./progress.tsx";

/** Through whom the messages go, and what becomes of them there. */
export function ByProvider({ parts }: { parts: CampaignStateFragment["byProvider"] }) {
  if (parts.length === 0) return null;
  return (
    <Card title="By provider">
      <Table label="By provider" heads={["Provider", "Progress", "Messages", "Delivered", "Failed"]}>
        {parts.map(({ provider, counts }) => (
          <tr key={provider?.id ?? ""}>
            <td>
              {provider ? (
                <Link to="/providers/$id" params={{ id: provider.id }}>
                  {provider.name}
                </Link>
              ) : (
                <span className="quiet">Not made yet</span>
              )}
            </td>
            <td className="progress-cell">
              <ProgressBar counts={counts} />
            </td>
            <td className="figure">{formatCount(counts.total)}</td>
            <td className="figure">{formatCount(countIn(counts, "good"))}</td>
            <td className="figure">{formatCount(countIn(counts, "bad"))}</td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}
