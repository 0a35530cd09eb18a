import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "../../query.ts";
import { InboundMessagesDocument, MessageReceivedDocument } from "../../gql/graphql.ts";
import { useLive } from "../../live.ts";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pager, usePages } from "../../ui/pager.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { InboundFilters } from "./inbound-filters.tsx";
import { InboundRows } from "./inbound-rows.tsx";

const route = getRouteApi("/inbound");

/** What people write, as it comes. */
export function Inbound() {
  const { from, provider, campaign } = route.useSearch();
  const pages = usePages([from, provider, campaign]);
  const filter = { from, providerId: provider, campaignId: campaign };
  const [{ data, error }, refresh] = useQuery({
    query: InboundMessagesDocument,
    variables: { filter, after: pages.after },
    requestPolicy: "cache-and-network",
  });
  // Whether a new one belongs here is for the server to say: people write seldom enough to ask it.
  useLive(MessageReceivedDocument, { providerId: provider }, ({ messageReceived }) => {
    if (messageReceived.__typename !== "CaughtUp") refresh({ requestPolicy: "network-only" });
  });
  const rows = data?.inboundMessages.edges.map(({ node }) => node);
  const isSearched = [from, provider, campaign].some((value) => value !== undefined);
  return (
    <Page title="Inbound">
      <InboundFilters search={{ from, provider, campaign }} />
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 &&
        (isSearched ? (
          <Empty title="No message fits this search">
            <Link to="/inbound" className="button">
              Show all
            </Link>
          </Empty>
        ) : (
          <Empty title="Nobody has written yet">
            <p>
              What people answer appears here as it comes, for providers that pass messages on. Give them the
              callback URL on the provider’s page.
            </p>
          </Empty>
        ))}
      {rows && rows.length > 0 && (
        <Card>
          <InboundRows rows={rows} />
          <Pager pages={pages} info={data?.inboundMessages.pageInfo} />
        </Card>
      )}
    </Page>
  );
}
