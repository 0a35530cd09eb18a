import type { Client } from "@urql/core";
import {
  MessageChangesDocument,
  MessagesDocument,
  type MessageEventFilter,
  type MessageFilter,
  type MessageRowFragment,
} from "../../gql/graphql.ts";
import { againMs } from "../../query.ts";
import { createStore, type Store } from "../../store.ts";
import { wordsOf } from "../../ui/problem.tsx";

export interface ListState {
  rows: readonly MessageRowFragment[];
  hasMore: boolean;
  isLoading: boolean;
  problem: string | undefined;
}

export interface MessageList {
  state: Store<ListState>;
  loadMore: () => void;
  close: () => void;
}

/** Older rows go when newer ones have filled the list: it stays as long as what was loaded. */
const mostRows = 2_000;

/**
 * The messages that fit, newest first, kept up to date by the stream: rows change as receipts come, and new ones
 * appear at the top. Changes are shown once a frame, however many come.
 */
export function openMessageList(client: Client, filter: MessageFilter): MessageList {
  const byId = new Map<string, MessageRowFragment>();
  const state = createStore<ListState>({ rows: [], hasMore: false, isLoading: true, problem: undefined });
  let cursor: string | undefined;
  let isClosed = false;
  let drawing = 0;
  let again: ReturnType<typeof setTimeout> | undefined;

  const draw = (more: Partial<ListState> = {}): void => {
    cancelAnimationFrame(drawing);
    drawing = 0;
    const sorted = [...byId.values()].toSorted(newestFirst);
    const rows = sorted.slice(0, Math.max(mostRows, state.get().rows.length));
    for (const { id } of sorted.slice(rows.length)) byId.delete(id);
    state.set({ ...state.get(), ...more, rows });
  };

  const take = (row: MessageRowFragment): void => {
    const known = byId.get(row.id);
    if (!known || known.version <= row.version) byId.set(row.id, row);
  };

  const load = async (): Promise<void> => {
    state.set({ ...state.get(), isLoading: true, problem: undefined });
    const variables = { filter, after: cursor };
    const asked = client.query(MessagesDocument, variables, { requestPolicy: "network-only" });
    const { data, error } = await asked.toPromise();
    const page = data?.messages;
    if (isClosed) return;
    for (const { node } of page?.edges ?? []) take(node);
    cursor = page?.pageInfo.endCursor ?? cursor;
    if (error?.networkError) again = setTimeout(() => void load(), againMs);
    draw({ isLoading: false, problem: wordsOf(error), hasMore: page?.pageInfo.hasNextPage === true });
  };

  const fits = createCheck(filter);
  const subscription = client
    .subscription(MessageChangesDocument, { filter: eventFilter(filter) })
    .subscribe(({ data }) => {
      const frame = data?.messageEvents;
      if (frame?.__typename !== "MessageEventBatch") return;
      for (const { message } of frame.events) if (byId.has(message.id) || fits(message)) take(message);
      drawing ||= requestAnimationFrame(() => draw());
    });
  void load();

  return {
    state,
    loadMore: () => {
      const { hasMore, isLoading } = state.get();
      if (hasMore && !isLoading) void load();
    },
    close() {
      isClosed = true;
      clearTimeout(again);
      cancelAnimationFrame(drawing);
      subscription.unsubscribe();
    },
  };
}

const newestFirst = (one: MessageRowFragment, other: MessageRowFragment): number =>
  one.createdAt === other.createdAt
    ? other.id.localeCompare(one.id)
    : one.createdAt < other.createdAt
      ? 1
      : -1;

/** Only what the stream can choose by itself; statuses are not among it, since a row that leaves them still changes. */
const eventFilter = ({ providerId, campaignId }: MessageFilter): MessageEventFilter => ({
  ...(providerId && { providerId }),
  ...(campaignId && { campaignId }),
});

/** Whether a message that the stream brings belongs in the list. */
function createCheck({
  search,
  status,
  created,
  overdue,
}: MessageFilter): (row: MessageRowFragment) => boolean {
  const digits = search?.replaceAll(/\D/g, "").replace(/^00/, "");
  const isFound = ({ to, id, clientRef }: MessageRowFragment): boolean =>
    !search || id === search || clientRef === search || (digits !== "" && to.slice(1) === digits);
  return (row) =>
    // What is overdue only the server can say.
    overdue !== true &&
    isFound(row) &&
    (!status || status.includes(row.status)) &&
    (!created?.from || row.createdAt >= created.from) &&
    (!created?.until || row.createdAt < created.until);
}
