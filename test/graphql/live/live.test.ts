import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/lib/global-id.ts";
import { encodeCursor } from "../../../src/messages/log/event-log.ts";
import type { MessageStatus } from "../../../src/messages/model/status.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient, takeUntil, type GraphqlResult } from "../../support/graphql-client.ts";

const sendMutation = `mutation ($input: SendMessagesInput!) {
  sendMessages(input: $input) {
    ... on SendMessagesSuccess { results { ... on Message { id cursor } ... on Error { code message } } }
    ... on Error { code message }
  }
}`;
const changedSubscription =
  "subscription ($id: ID!) { messageChanged(id: $id) { status version providerMessageId cost { amount } } }";
const eventsSubscription = `subscription ($filter: MessageEventFilter, $after: Cursor) {
  messageEvents(filter: $filter, after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status version message { id status } } }
    ... on CaughtUp { cursor }
    ... on StreamReset { cursor reason }
  }
}`;

interface Sent {
  id: string;
  cursor: string;
}

interface Changed {
  messageChanged: {
    status: string;
    version: number;
    providerMessageId: string | null;
    cost: { amount: string };
  };
}

interface Event {
  id: string;
  status: string;
  version: number;
  message: { id: string; status: string };
}

interface Frame {
  __typename: "MessageEventBatch" | "CaughtUp" | "StreamReset";
  cursor: string;
  reason?: string;
  events?: Event[];
}

type FrameResult = GraphqlResult<{ messageEvents: Frame }>;
type Frames = AsyncIterableIterator<FrameResult>;

/** The steps of a message after QUEUED. */
const steps = ["SUBMITTING", "SUBMITTED", "SENT", "DELIVERED"] as const;

/** An app in which nothing moves but by hand. */
let still: TestApp;
/** An app that sends by itself. */
let busy: TestApp;
let sandboxes: Awaited<ReturnType<typeof connectTestSandbox>>[];

beforeAll(async () => {
  [still, busy] = await Promise.all([startTestApp({ runsWorker: false }), startTestApp()]);
  sandboxes = [
    await connectTestSandbox(still),
    await connectTestSandbox(still),
    await connectTestSandbox(busy),
  ];
});

afterAll(async () => {
  await Promise.all([still.client.close(), busy.client.close()]);
  await Promise.all([still.stop(), busy.stop()]);
  for (const { sandbox } of sandboxes) await sandbox.close();
});

async function send(app: TestApp, count: number, providerId?: string): Promise<Sent[]> {
  const messages = Array.from({ length: count }, () => ({ to: "+421901000000", text: "Hello" }));
  const input = { messages, providerId };
  const answer = await app.client.data<{ sendMessages: { results: Sent[] } }>(sendMutation, { input });
  return answer.sendMessages.results;
}

async function sendOne(app: TestApp, providerId?: string): Promise<Sent> {
  const [sent] = await send(app, 1, providerId);
  if (!sent) throw new Error("Nothing was sent");
  return sent;
}

const localId = (globalId: string): string => Buffer.from(globalId, "base64").toString().split(":")[1] ?? "";

/** Takes messages through statuses, all in one transaction. */
async function move(app: TestApp, ids: readonly string[], statuses: readonly MessageStatus[]): Promise<void> {
  const receivedAt = new Date();
  const changes = statuses.flatMap((status) =>
    ids.map((id) => ({ messageId: localId(id), status, source: "CALLBACK", receivedAt }) as const),
  );
  await app.services.database.transaction((transaction) => applyChanges(transaction, changes));
}

const watchChanges = (client: GraphqlClient, id: string) =>
  client.subscribe<Changed>(changedSubscription, { id });

const watchEvents = (client: GraphqlClient, variables: Record<string, unknown> = {}): Frames =>
  client.subscribe<{ messageEvents: Frame }>(eventsSubscription, variables);

function dataOf<Data>({ data, errors }: GraphqlResult<Data>): Data {
  if (!data) throw new Error(`Errors instead of data: ${JSON.stringify(errors)}`);
  return data;
}

async function nextOf<Data>(results: AsyncIterator<GraphqlResult<Data>, unknown>): Promise<Data> {
  const next = await results.next();
  if (next.done) throw new Error("The stream ended");
  return dataOf(next.value);
}

const frameOf = (result: FrameResult): Frame => dataOf(result).messageEvents;

const nextFrame = async (frames: Frames): Promise<Frame> => (await nextOf(frames)).messageEvents;

/** A stream that has said CaughtUp: whatever happens from now on it must show. */
async function openStream(client: GraphqlClient, variables: Record<string, unknown> = {}): Promise<Frames> {
  const frames = watchEvents(client, variables);
  expect((await nextFrame(frames)).__typename).toBe("CaughtUp");
  return frames;
}

async function takeEvents(frames: Frames, count: number): Promise<Event[]> {
  const events: Event[] = [];
  while (events.length < count) events.push(...((await nextFrame(frames)).events ?? []));
  return events;
}

/** Waits until streams have reached so many events: an open transaction anywhere holds back what came after it. */
async function untilShown(client: GraphqlClient, after: string, count: number): Promise<void> {
  const frames = watchEvents(client, { after });
  await takeEvents(frames, count);
  await frames.return?.();
}

/** The global ids of the app's events, in log order. */
async function loggedIds({ services }: TestApp): Promise<string[]> {
  const { rows } = await services.database.pool.query<{ id: string }>(
    "select tx || '.' || id as id from message_events as e order by e.tx, e.id",
  );
  return rows.map(({ id }) => encodeId("MessageEvent", id));
}

describe("messageChanged", () => {
  it("messageChanged sends the present state at once", async () => {
    const { id } = await sendOne(still);
    await move(still, [id], ["SUBMITTING", "SUBMITTED"]);
    const { messageChanged } = await nextOf(watchChanges(still.client, id));
    expect(messageChanged).toMatchObject({ status: "SUBMITTED", version: 3 });
  });

  it("messageChanged sends every version exactly once, even several of one transaction", async () => {
    const { id } = await sendOne(still);
    const changes = watchChanges(still.client, id);
    await changes.next();
    await move(still, [id], ["SUBMITTING", "SUBMITTED"]);
    await move(still, [id], ["SENT", "SENT", "DELIVERED"]);
    const rest = await takeUntil(changes, ({ data }) => data?.messageChanged.status === "DELIVERED");
    const seen = rest.map(({ data }) => [data?.messageChanged.version, data?.messageChanged.status]);
    expect(seen).toEqual(steps.map((status, index) => [index + 2, status]));
  });

  it("messageChanged misses and repeats nothing when the message changes while it starts", async () => {
    const sent = await send(still, 30);
    const watched = sent.map(({ id }) =>
      takeUntil(watchChanges(still.client, id), ({ data }) => data?.messageChanged.status === "DELIVERED"),
    );
    for (const status of steps) await Promise.all(sent.map(({ id }) => move(still, [id], [status])));
    for (const changes of await Promise.all(watched)) {
      const versions = changes.map(({ data }) => data?.messageChanged.version ?? 0);
      const [first = 0] = versions;
      expect(versions).toEqual(Array.from({ length: 6 - first }, (_, index) => first + index));
    }
  });

  it("messageChanged shows the timeline as of each change", async () => {
    const { id } = await sendOne(still);
    const query =
      "subscription ($id: ID!) { messageChanged(id: $id) { version events(first: 50) { edges { cursor } } } }";
    const changes = still.client.subscribe<{
      messageChanged: { version: number; events: { edges: unknown[] } };
    }>(query, { id });
    await changes.next();
    for (const [index, status] of steps.entries()) {
      await move(still, [id], [status]);
      const { version, events } = (await nextOf(changes)).messageChanged;
      expect([version, events.edges.length]).toEqual([index + 2, index + 2]);
    }
    await changes.return?.();
  });

  it("messageChanged shows each version as it was stored", async () => {
    const { id } = await sendOne(busy);
    const changes = await takeUntil(
      watchChanges(busy.client, id),
      ({ data }) => data?.messageChanged.status === "DELIVERED",
    );
    const stored = await busy.client.data<{ message: unknown }>(
      "query ($id: ID!) { message(id: $id) { status version providerMessageId cost { amount } } }",
      { id },
    );
    expect(changes.at(-1)?.data?.messageChanged).toEqual(stored.message);
  });
});

describe("messageEvents", () => {
  it("messageEvents without a cursor starts now", async () => {
    const { cursor } = await sendOne(still);
    await untilShown(still.client, cursor, 1);
    const frames = await openStream(still.client);
    const { id } = await sendOne(still);
    const [event] = await takeEvents(frames, 1);
    expect(event).toMatchObject({ status: "QUEUED", message: { id } });
    await frames.return?.();
  });

  it("messageEvents shows the present state of each event's message", async () => {
    const { id, cursor } = await sendOne(still);
    await untilShown(still.client, cursor, 1);
    const filter = { messageIds: [id] };
    const frames = await openStream(still.client, { filter });
    for (const status of steps) {
      await move(still, [id], [status]);
      expect(await takeEvents(frames, 1)).toMatchObject([{ status, message: { status } }]);
    }
    await frames.return?.();
  });

  it("messageEvents replays after the cursor of a sent message, sends CaughtUp, and stays live", async () => {
    const { id, cursor } = await sendOne(still);
    await move(still, [id], ["SUBMITTING"]);
    await untilShown(still.client, cursor, 2);
    const frames = watchEvents(still.client, { after: cursor });
    expect((await takeEvents(frames, 2)).map(({ status }) => status)).toEqual(["QUEUED", "SUBMITTING"]);
    expect((await nextFrame(frames)).__typename).toBe("CaughtUp");
    await move(still, [id], ["SUBMITTED"]);
    expect((await takeEvents(frames, 1)).map(({ status }) => status)).toEqual(["SUBMITTED"]);
    await frames.return?.();
  });

  it("a client that keeps reconnecting gets every event exactly once, in log order", async () => {
    const [{ cursor: start } = { cursor: "" }] = await send(busy, 1);
    const count = 200;
    const sending = (async () => {
      for (let sent = 1; sent < count; sent++) await send(busy, 1);
    })();

    const seen: string[] = [];
    const delivered = new Set<string>();
    let after = start;
    let connections = 0;
    while (delivered.size < count) {
      const patience = connections++ < 20 ? 2 : Infinity;
      after = await readFrames(busy.client, after, patience, (event) => {
        seen.push(event.id);
        if (event.status === "DELIVERED") delivered.add(event.message.id);
        return delivered.size === count;
      });
    }
    await sending;
    expect(connections).toBeGreaterThan(20);
    const logged = await loggedIds(busy);
    expect(seen).toEqual(logged.slice(logged.indexOf(seen[0] ?? ""), logged.indexOf(seen.at(-1) ?? "") + 1));
  });

  describe("with a filter", () => {
    it("messageEvents can be filtered by messages", async () => {
      const sent = await send(still, 2);
      await untilShown(still.client, sent[0]?.cursor ?? "", 2);
      const [wanted, other] = sent.map(({ id }) => id) as [string, string];
      const frames = await openStream(still.client, { filter: { messageIds: [wanted] } });
      await move(still, [other, wanted], ["SUBMITTING", "SUBMITTED"]);
      const events = await takeEvents(frames, 2);
      expect(events.map(({ message }) => message.id)).toEqual([wanted, wanted]);
      await frames.return?.();
    });

    it("messageEvents can be filtered by provider", async () => {
      const [one, two] = sandboxes.map(({ providerId }) => providerId);
      const frames = await openStream(still.client, { filter: { providerId: two } });
      await sendOne(still, one);
      const { id } = await sendOne(still, two);
      expect(await takeEvents(frames, 1)).toMatchObject([{ message: { id } }]);
      await frames.return?.();
    });

    it("messageEvents can be filtered by status, live and in a replay", async () => {
      const filter = { status: ["SUBMITTED", "DELIVERED"] };
      const frames = await openStream(still.client, { filter });
      const { id, cursor } = await sendOne(still);
      await move(still, [id], steps);
      const replayed = watchEvents(still.client, { filter, after: cursor });
      for (const stream of [frames, replayed]) {
        const events = await takeEvents(stream, 2);
        expect(events.map(({ status }) => status)).toEqual(["SUBMITTED", "DELIVERED"]);
        await stream.return?.();
      }
    });
  });

  it("messageEvents continues when the notification connection breaks", async () => {
    const frames = await openStream(still.client);
    const { rows } = await still.services.database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen %'",
    );
    expect(rows).not.toHaveLength(0);
    const sent = [await sendOne(still), await sendOne(still)];
    const events = await takeEvents(frames, 2);
    expect(events.map(({ message }) => message.id)).toEqual(sent.map(({ id }) => id));
    await frames.return?.();
  });

  it("messageEvents resets a cursor ahead of the log and continues", async () => {
    const after = encodeCursor({ tx: 2n ** 62n, id: 1n });
    const frames = watchEvents(still.client, { after });
    expect(await nextFrame(frames)).toMatchObject({ __typename: "StreamReset", reason: "AHEAD_OF_LOG" });
    expect((await nextFrame(frames)).__typename).toBe("CaughtUp");
    const { id } = await sendOne(still);
    expect(await takeEvents(frames, 1)).toMatchObject([{ message: { id } }]);
    await frames.return?.();
  });
});

describe("two processes on one database", () => {
  let second: TestApp;
  let client: GraphqlClient;

  beforeAll(async () => {
    const { databaseUrl, secretKey } = busy;
    second = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
    client = new GraphqlClient(second.url, busy.key);
  });

  afterAll(async () => {
    await client.close();
    await second.stop();
  });

  it("a receipt accepted by one process reaches a subscriber of another", async () => {
    const { id } = await sendOne(busy);
    const changes = await takeUntil(
      watchChanges(client, id),
      ({ data }) => data?.messageChanged.status === "DELIVERED",
    );
    const versions = changes.map(({ data }) => data?.messageChanged.version ?? 0);
    expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index));
  });

  it("two processes accept each other's cursors", async () => {
    const { id, cursor } = await sendOne(busy);
    const frames = watchEvents(client, { after: cursor, filter: { messageIds: [id] } });
    expect((await nextFrame(frames)).__typename).not.toBe("StreamReset");
    await frames.return?.();
  });

  it("a process replays events page by page that it has not seen itself", async () => {
    const sent = await send(still, 150);
    const ids = sent.map(({ id }) => id);
    await move(still, ids, steps);
    await untilShown(still.client, sent[0]?.cursor ?? "", ids.length * 5);
    const late = await startTestApp({
      databaseUrl: still.databaseUrl,
      secretKey: still.secretKey,
      runsWorker: false,
    });
    const reader = new GraphqlClient(late.url, still.key);
    const frames = watchEvents(reader, { after: sent[0]?.cursor });
    const replayed = await takeUntil(frames, (result) => frameOf(result).__typename === "CaughtUp");
    const events = replayed.flatMap((result) => frameOf(result).events ?? []);
    expect(replayed.length).toBeGreaterThan(2);
    expect(events.map(({ id }) => id)).toEqual((await loggedIds(still)).slice(-events.length));
    expect(events).toHaveLength(ids.length * 5);
    await reader.close();
    await late.stop();
  });
});

/** Reads on one connection until so many frames came or `onEvent` says that it was the last; returns the cursor reached. */
async function readFrames(
  client: GraphqlClient,
  after: string,
  patience: number,
  onEvent: (event: Event) => boolean,
): Promise<string> {
  let cursor = after;
  let frames = 0;
  for await (const result of watchEvents(client, { after })) {
    const frame = frameOf(result);
    ({ cursor } = frame);
    const isLast = (frame.events ?? []).map(onEvent).includes(true);
    if (isLast || ++frames >= patience) break;
  }
  return cursor;
}
