import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "../../query.ts";
import { ReceiptsDocument, type ReceiptFilter } from "../../gql/graphql.ts";
import { ofReceipts } from "../../lists.ts";
import type { ReceiptSearch } from "../../router.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pager, usePages } from "../../ui/pager.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Callback } from "./callback.tsx";
import { ReceiptFilters } from "./receipt-filters.tsx";
import { ReprocessAll } from "./reprocess.tsx";

const route = getRouteApi("/receipts");

/** What providers sent, as it came, and what became of it. */
export function Receipts() {
  const search = route.useSearch();
  const pages = usePages(search);
  const [{ data, error, fetching }, refresh] = useQuery({
    query: ReceiptsDocument,
    variables: { filter: filterOf(search), after: pages.after },
    requestPolicy: "cache-and-network",
    context: ofReceipts,
  });
  const rows = data?.receipts.edges.map(({ node }) => node);
  const again = (): void => refresh({ requestPolicy: "network-only" });
  return (
    <Page
      title="Receipts"
      actions={
        <>
          {search.show === "quarantined" && <ReprocessAll providerId={search.provider} onDone={again} />}
          <button type="button" className="button" disabled={fetching} onClick={again}>
            Refresh
          </button>
        </>
      }
    >
      <ReceiptFilters search={search} />
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 && <Nothing search={search} />}
      {rows && rows.length > 0 && (
        <Card>
          <ol className="entries" aria-label="Callbacks">
            {rows.map((row) => (
              <Callback key={row.number} callback={row} onChange={again} />
            ))}
          </ol>
          <Pager pages={pages} info={data?.receipts.pageInfo} />
        </Card>
      )}
    </Page>
  );
}

function filterOf({ provider, show, from, until }: ReceiptSearch): ReceiptFilter {
  return {
    providerId: provider,
    state: show === "quarantined" ? ["QUARANTINED"] : undefined,
    unmatched: show === "unmatched" ? true : undefined,
    received: from || until ? { from, until } : undefined,
  };
}

const Nothing = ({ search }: { search: ReceiptSearch }) =>
  Object.values(search).every((value) => value === undefined) ? (
    <Empty title="Nothing has come yet">
      <p>
        Providers post their receipts to a callback URL. It is on the page of{" "}
        <Link to="/providers">each provider</Link>.
      </p>
    </Empty>
  ) : (
    <Empty title={search.show === undefined ? "Nothing fits this search" : "All is well: there is none"}>
      <Link to="/receipts" className="button">
        Show all
      </Link>
    </Empty>
  );
