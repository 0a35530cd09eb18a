import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useClient } from "urql";
import { createStore, useStore } from "../../store.ts";
import { useMay } from "../../session.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Filters } from "./filters.tsx";
import { openMessageList, type ListState, type MessageList } from "./message-list.ts";
import { Rows } from "./rows.tsx";

const route = getRouteApi("/messages");
const nothing = createStore<ListState>({ rows: [], hasMore: false, isLoading: true, problem: undefined });

export function Messages() {
  const search = route.useSearch();
  const client = useClient();
  const [list, setList] = useState<MessageList>();
  const filter = useMemo(() => {
    const { search: wanted, status, provider, campaign, from, until, overdue } = search;
    const created = from || until ? { from, until } : undefined;
    return { search: wanted, status, providerId: provider, campaignId: campaign, created, overdue };
  }, [search]);
  useEffect(() => {
    const opened = openMessageList(client, filter);
    setList(opened);
    return opened.close;
  }, [client, filter]);
  const { rows, isLoading, problem } = useStore(list?.state ?? nothing);
  const isSearched = Object.values(search).some((value) => value !== undefined);
  return (
    <Page title="Messages" actions={<SendLink />}>
      <Filters search={search} />
      <Problem>{problem}</Problem>
      {rows.length > 0 && list ? (
        <Rows rows={rows} onEnd={list.loadMore} />
      ) : isLoading ? (
        <Loading />
      ) : (
        problem === undefined && <NoMessages isSearched={isSearched} isOverdue={search.overdue === true} />
      )}
    </Page>
  );
}

const SendLink = () =>
  useMay("SEND") ? (
    <Link to="/send" className="button primary">
      Send a message
    </Link>
  ) : null;

interface NoMessagesProps {
  isSearched: boolean;
  isOverdue: boolean;
}

const NoMessages = ({ isSearched, isOverdue }: NoMessagesProps) =>
  isOverdue ? (
    <Empty title="No receipt is overdue">
      <p>What was submitted either has its final receipt, or still has time for it.</p>
      <Link to="/messages" className="button">
        Show all messages
      </Link>
    </Empty>
  ) : isSearched ? (
    <Empty title="No message fits this search">
      <p>Messages that come to fit it appear here by themselves.</p>
      <Link to="/messages" className="button">
        Show all messages
      </Link>
    </Empty>
  ) : (
    <Empty title="No messages yet">
      <p>Send one, or start a campaign. It appears here at once, and changes as its receipts come.</p>
      <SendLink />
    </Empty>
  );
