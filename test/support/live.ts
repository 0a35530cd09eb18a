import { eventChannel } from "../../src/messages/log/event-log.ts";
import { expect, vi } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import type { MessageStatus } from "../../src/messages/model/status.ts";
import { applyChanges } from "../../src/messages/changes/transition.ts";
import type { TestApp } from "./app.ts";
import type { GraphqlClient, GraphqlResult } from "./graphql-client.ts";

export interface LiveEvent {
  id: string;
  status: string;
  message: { id: string };
}

export interface LiveFrame {
  __typename: "MessageEventBatch" | "CaughtUp" | "StreamReset";
  cursor: string;
  reason?: string;
  events?: LiveEvent[];
}

export type FrameResult = GraphqlResult<{ messageEvents: LiveFrame }>;
export type Frames = AsyncIterableIterator<FrameResult>;

export const eventsSubscription = `subscription ($filter: MessageEventFilter, $after: Cursor) {
  messageEvents(filter: $filter, after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status message { id } } }
    ... on CaughtUp { cursor }
    ... on StreamReset { cursor reason }
  }
}`;

/**
 * Accepts messages, one after the other, and gives their global ids and the cursor before them. A stream that begins
 * afterwards does not show them any more.
 */
export async function sendAll(
  app: TestApp,
  inputs: readonly Record<string, unknown>[],
): Promise<{ ids: string[]; cursor: string }> {
  const ids: string[] = [];
  let cursor = "";
  for (const input of inputs) {
    const { sendMessage: sent } = await app.client.data<{ sendMessage: { id: string; cursor: string } }>(
      `mutation ($input: SendMessageInput!) {
        sendMessage(input: $input) { ... on Message { id cursor } ... on Error { message } }
      }`,
      { input: { to: "+421901000000", text: "Hello", ...input } },
    );
    ids.push(sent.id);
    cursor ||= sent.cursor;
  }
  await untilSettled(app);
  return { ids, cursor };
}

/** Takes messages through statuses, all in one transaction. */
export async function move(
  { services: { database, clock } }: TestApp,
  globalIds: readonly string[],
  statuses: readonly MessageStatus[],
): Promise<void> {
  const receivedAt = clock.now();
  const ids = globalIds.map((id) => decodeId("Message", id));
  const changes = statuses.flatMap((status) =>
    ids.map((messageId) => ({ messageId, status, source: "CALLBACK", receivedAt }) as const),
  );
  await database.transaction((transaction) => applyChanges(transaction, changes));
}

/**
 * Adds a line to each message's timeline in one transaction, any number of times. Repeated receipts would not: only a few
 * alike are listed.
 */
export async function addLines(
  { services: { database } }: TestApp,
  globalIds: readonly string[],
): Promise<void> {
  const ids = globalIds.map((id) => decodeId("Message", id));
  await database.pool.query(
    `with written as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, ignored_reason, occurred_at, received_at
      )
      select pg_current_xact_id()::text::bigint, account_id, id, provider_id, version, status, 'CALLBACK', false, 'LATE',
        now(), now()
      from messages where id = any ($1::uuid[]) order by id
    )
    select pg_notify('${eventChannel}', '')`,
    [ids],
  );
}

export const watchEvents = (client: GraphqlClient, variables: Record<string, unknown> = {}): Frames =>
  client.subscribe<{ messageEvents: LiveFrame }>(eventsSubscription, variables);

export function frameOf({ data, errors }: FrameResult): LiveFrame {
  if (!data) throw new Error(`Errors instead of data: ${JSON.stringify(errors)}`);
  return data.messageEvents;
}

export async function nextFrame(frames: Frames): Promise<LiveFrame> {
  const next = await frames.next();
  if (next.done) throw new Error("The stream ended");
  return frameOf(next.value);
}

/** A stream that has said CaughtUp: whatever happens from now on it must show. */
export async function openStream(
  client: GraphqlClient,
  variables: Record<string, unknown> = {},
): Promise<Frames> {
  const frames = watchEvents(client, variables);
  expect((await nextFrame(frames)).__typename).toBe("CaughtUp");
  return frames;
}

export async function takeEvents(frames: Frames, count: number): Promise<LiveEvent[]> {
  const events: LiveEvent[] = [];
  while (events.length < count) events.push(...((await nextFrame(frames)).events ?? []));
  return events;
}

/** The ids of all events of the app, in log order. */
export async function loggedIds({ services }: TestApp): Promise<string[]> {
  const { rows } = await services.database.pool.query<{ id: string }>(
    "select tx || '.' || id as id from message_events as e order by e.tx, e.id",
  );
  return rows.map(({ id }) => id);
}

export const logId = ({ id }: LiveEvent): string => decodeId("MessageEvent", id);

/**
 * Until everything logged so far can be read: other transactions of the server, those of tests beside this one among
 * them, hold it back, and a stream that begins now would show it.
 */
export async function untilSettled({ services: { database } }: TestApp): Promise<void> {
  const read =
    "select coalesce(max(tx), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint as settled from message_events";
  // And not `expect.poll`, which is for tests alone: some send before the first of them.
  await vi.waitFor(
    async () => {
      const { rows } = await database.pool.query<{ settled: boolean }>(read);
      expect(rows).toEqual([{ settled: true }]);
    },
    { timeout: 120_000 },
  );
}
