import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "../../query.ts";
import {
  CampaignDocument,
  CampaignProgressDocument,
  type CampaignQuery,
  type CampaignStateFragment,
} from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatCount, Sums } from "../../ui/money.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords, Status } from "../../ui/status.tsx";
import { formatDuration, Time } from "../../ui/time.tsx";
import { ByProvider } from "./by-provider.tsx";
import { CampaignActions } from "./campaign-actions.tsx";
import { OpenOutcomes } from "./open-outcomes.tsx";
import { countIn, CountsByStatus, ProgressBar } from "./progress.tsx";
import { RefusedRows, useRefusedDownload } from "./refused-rows.tsx";

type Details = NonNullable<CampaignQuery["campaign"]>;

const route = getRouteApi("/campaigns/$id");

export function CampaignPage() {
  const { id } = route.useParams();
  return <CampaignView key={id} id={id} />;
}

function CampaignView({ id }: { id: string }) {
  const [{ data, error }] = useQuery({
    query: CampaignDocument,
    variables: { id },
    requestPolicy: "cache-and-network",
  });
  const [live, setLive] = useState<CampaignStateFragment>();
  // After a lost connection it begins again with the present state.
  useLive(CampaignProgressDocument, { id }, ({ campaignProgress }) => setLive(campaignProgress));
  if (error && !data) return <Problem>{wordsOf(error)}</Problem>;
  if (!data) return <Loading />;
  if (!data.campaign) return <Empty title="There is no such campaign" isPage />;
  return <CampaignDetails campaign={{ ...data.campaign, ...live }} />;
}

function CampaignDetails({ campaign }: { campaign: Details }) {
  const { id, name, status, counts } = campaign;
  return (
    <Page
      title={
        <span className="row">
          {name} <Status status={status} />
        </span>
      }
      actions={<CampaignActions campaign={campaign} />}
    >
      <div className="grid">
        <Tiles campaign={campaign} />
        <div className="column two-thirds">
          <Card
            title="Progress"
            actions={
              <Link to="/messages" search={{ campaign: id }}>
                Show its messages
              </Link>
            }
          >
            <div className="stack">
              <ProgressBar counts={counts} />
              <CountsByStatus counts={counts} />
            </div>
          </Card>
          <ByProvider parts={campaign.byProvider} />
          <OpenOutcomes campaign={campaign} />
          <Refused campaign={campaign} />
        </div>
        <div className="column third">
          <Card title="Text">
            <p className="bubble">{campaign.text}</p>
          </Card>
          <Card title="Details">
            <CampaignFacts campaign={campaign} />
          </Card>
        </div>
      </div>
    </Page>
  );
}

function Tiles({
  campaign: { counts, status, messagesPerSecond, estimatedCompletionAt },
}: {
  campaign: Details;
}) {
  const delivered = countIn(counts, "good");
  const failed = countIn(counts, "bad");
  const left = estimatedCompletionAt ? (Date.parse(estimatedCompletionAt) - Date.now()) / 1000 : undefined;
  const share = counts.total > 0 ? `${((delivered / counts.total) * 100).toFixed(1)} %` : "";
  const tiles = [
    ["Messages", formatCount(counts.total), ""],
    ["Delivered", formatCount(delivered), share],
    ["Failed", formatCount(failed), ""],
    ["Per second", messagesPerSecond.toFixed(1), status === "COMPLETED" ? "on average" : "submitted"],
    [
      "Time left",
      left === undefined ? "–" : formatDuration(Math.max(0, left)),
      status === "RUNNING" ? "to submit" : "",
    ],
  ] as const;
  return (
    <dl className="card tiles">
      {tiles.map(([title, value, note]) => (
        <div key={title} className="tile">
          <dt>{title}</dt>
          <dd>
            {value} <small>{note}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function hoursInWords({ start, end, days, observeHolidays }: NonNullable<Details["sendWindow"]>): string {
  const on = days ? `, ${days.map(inWords).join(", ")}` : "";
  return `${start} to ${end}${on}${observeHolidays ? ", not on holidays" : ""}`;
}

const CampaignFacts = ({ campaign }: { campaign: Details }) => (
  <Facts
    entries={[
      ["From", campaign.from],
      ["Provider", campaign.provider?.name ?? "Routed"],
      ["Created", <Time at={campaign.createdAt} />],
      ["Scheduled", <Time at={campaign.scheduledAt} none="At once" />],
      ["Started", <Time at={campaign.startedAt} />],
      ["Ended", <Time at={campaign.completedAt} />],
      ["Charged", <Sums values={campaign.cost} />],
      ["Estimate", <Sums values={campaign.estimatedCost} />],
      ["Stops", <Time at={campaign.endsAt} none="When all are sent" />],
      ["Hours", campaign.sendWindow ? hoursInWords(campaign.sendWindow) : "Any"],
      ["Most per second", campaign.messagesPerSecondLimit ?? "No limit"],
      ["Priority", inWords(campaign.priority)],
      ["Repeated numbers left out", formatCount(campaign.duplicatesRemoved)],
      ["Opted out, left out", formatCount(campaign.suppressedCount)],
    ]}
  />
);

function Refused({ campaign: { id, name, refusedCount, refusedRecipients } }: { campaign: Details }) {
  const { download, problem } = useRefusedDownload(id, name);
  if (refusedCount === 0) return null;
  return (
    <Card
      title="Refused rows"
      actions={
        <button type="button" className="button small" onClick={download}>
          Download all {formatCount(refusedCount)}
        </button>
      }
    >
      <Problem>{problem}</Problem>
      <RefusedRows rows={refusedRecipients.edges.map(({ node }) => node)} count={refusedCount} />
    </Card>
  );
}
