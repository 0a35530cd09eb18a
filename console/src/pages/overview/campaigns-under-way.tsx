import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  CampaignProgressDocument,
  CampaignsUnderWayDocument,
  type CampaignStateFragment,
  type CampaignUnderWayFragment,
} from "../../gql/graphql.ts";
import { ofCampaigns } from "../../lists.ts";
import { useLive } from "../../live.ts";
import { useQuery } from "../../query.ts";
import { formatCount } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Status } from "../../ui/status.tsx";
import { countIn, ProgressBar } from "../campaigns/progress.tsx";
import { useRefresh } from "./history.tsx";

/** How soon one is seen that was started elsewhere. */
const refreshMs = 10_000;

/** Those that are sent now or wait to go on, counted as they go. Nothing where there is none. */
export function CampaignsUnderWay() {
  const [{ data, error }, refresh] = useQuery({
    query: CampaignsUnderWayDocument,
    requestPolicy: "cache-and-network",
    context: ofCampaigns,
  });
  useRefresh(refresh, refreshMs);
  const campaigns = data?.campaigns.edges.map(({ node }) => node) ?? [];
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  if (campaigns.length === 0) return null;
  return (
    <Card title="Campaigns under way" actions={<Link to="/campaigns">All campaigns</Link>}>
      <Table
        label="Campaigns under way"
        heads={["Campaign", "Status", "Progress", "Messages", "Delivered", "Failed", "Per second"]}
      >
        {campaigns.map((campaign) => (
          <CampaignRow key={campaign.id} campaign={campaign} />
        ))}
      </Table>
    </Card>
  );
}

function CampaignRow({ campaign }: { campaign: CampaignUnderWayFragment }) {
  const [live, setLive] = useState<CampaignStateFragment>();
  useLive(CampaignProgressDocument, { id: campaign.id, maxPerSecond: 1 }, ({ campaignProgress }) =>
    setLive(campaignProgress),
  );
  const { id, name, status, counts, messagesPerSecond } = { ...campaign, ...live };
  return (
    <tr>
      <td>
        <Link to="/campaigns/$id" params={{ id }}>
          {name}
        </Link>
      </td>
      <td>
        <Status status={status} />
      </td>
      <td className="progress-cell">
        <ProgressBar counts={counts} />
      </td>
      <td className="figure">{formatCount(counts.total)}</td>
      <td className="figure">{formatCount(countIn(counts, "good"))}</td>
      <td className="figure">{formatCount(countIn(counts, "bad"))}</td>
      <td className="figure">{messagesPerSecond.toFixed(1)}</td>
    </tr>
  );
}
