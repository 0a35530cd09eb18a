import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "../../query.ts";
import { CampaignsDocument, type CampaignRowFragment } from "../../gql/graphql.ts";
import { ofCampaigns } from "../../lists.ts";
import { useMay } from "../../session.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card, Page, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { ProgressBar } from "./progress.tsx";

const route = getRouteApi("/campaigns");

export function Campaigns() {
  const { status } = route.useSearch();
  const filter = status ? { status } : undefined;
  const [{ data, error }] = useQuery({
    query: CampaignsDocument,
    variables: { filter },
    requestPolicy: "cache-and-network",
    context: ofCampaigns,
  });
  const rows = data?.campaigns.edges.map(({ node }) => node);
  return (
    <Page title="Campaigns" actions={<NewLink />}>
      <Problem>{wordsOf(error)}</Problem>
      {rows === undefined ? (
        !error && <Loading />
      ) : rows.length === 0 ? (
        <Empty title="No campaigns yet">
          <p>One text to many people: bring a file with their numbers, and see every message arrive.</p>
          <NewLink />
        </Empty>
      ) : (
        <Card>
          <Table label="Campaigns" heads={["Name", "Status", "Progress", "Messages", "Created"]}>
            {rows.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </Table>
          {data?.campaigns.pageInfo.hasNextPage && <p className="quiet small">The newest 50 are shown.</p>}
        </Card>
      )}
    </Page>
  );
}

function Row({ row: { id, name, status, counts, createdAt } }: { row: CampaignRowFragment }) {
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
      <td>
        <Time at={createdAt} />
      </td>
    </tr>
  );
}

const NewLink = () =>
  useMay("CAMPAIGNS") ? (
    <Link to="/campaigns/new" className="button primary">
      New campaign
    </Link>
  ) : null;
