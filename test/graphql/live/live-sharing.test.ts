import { parse, validateSubscriptionArgs } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scope } from "../../../src/access/scopes.ts";
import { checkConnection } from "../../../src/connections/check.ts";
import { encodeId } from "../../../src/lib/global-id.ts";
import { schema } from "../../../src/graphql/schema/schema.ts";
import { sharingKey } from "../../../src/graphql/live/sharing-key.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import {
  frameOf,
  loggedIds,
  logId,
  addLines,
  move,
  nextFrame,
  sendAll,
  takeEvents,
  untilSettled,
  watchEvents,
  type Frames,
} from "../../support/live.ts";
import { viewerOf } from "../../support/viewer.ts";

const statements: string[] = [];
let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, onStatement: (text) => statements.push(text) });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

/** The statements by which answers to events load messages; what moves messages is not among them. */
const loads = (): string[] => statements.filter((text) => /from "public"\."messages"/i.test(text));

const withMessages = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status message { id status } } }
    ... on CaughtUp { cursor }
  }
}`;

async function openMany(count: number, query: string, client = app.client): Promise<Frames[]> {
  const streams = Array.from({ length: count }, () => client.subscribe(query) as Frames);
  for (const stream of streams) expect((await nextFrame(stream)).__typename).toBe("CaughtUp");
  return streams;
}

async function closeAll(streams: Frames[]): Promise<void> {
  for (const stream of streams) await stream.return?.();
}

describe("subscriptions to the same", () => {
  it("equal subscriptions are executed once and get the same answer", async () => {
    const { ids } = await sendAll(app, [{}, {}, {}]);
    await closeAll(await openMany(1, withMessages));
    const streams = await openMany(20, withMessages);
    statements.length = 0;
    await move(app, ids, ["SUBMITTED"]);
    const answers = await Promise.all(streams.map((stream) => nextFrame(stream)));
    expect(loads()).toHaveLength(1);
    expect(answers[0]?.events).toHaveLength(3);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    await closeAll(streams);
  });

  it("subscriptions with different selections are executed separately", async () => {
    const { ids } = await sendAll(app, [{}]);
    const other = withMessages.replace("status message", "message");
    const [streams, others] = [await openMany(5, withMessages), await openMany(5, other)];
    statements.length = 0;
    await move(app, ids, ["SUBMITTED"]);
    const [answers, otherAnswers] = await Promise.all(
      [streams, others].map((list) => Promise.all(list.map((stream) => nextFrame(stream)))),
    );
    expect(loads()).toHaveLength(2);
    expect(answers?.[0]?.events?.[0]).toHaveProperty("status");
    expect(otherAnswers?.[0]?.events?.[0]).not.toHaveProperty("status");
    await closeAll([...streams, ...others]);
  });

  it("subscriptions share live events wherever they started", async () => {
    const { ids, cursor } = await sendAll(app, [{}]);
    const streams = [cursor, undefined, cursor].map(
      (after) => app.client.subscribe(withMessages, { after }) as Frames,
    );
    for (const stream of streams) while ((await nextFrame(stream)).__typename !== "CaughtUp");
    statements.length = 0;
    await move(app, ids, ["SUBMITTED"]);
    await Promise.all(streams.map((stream) => takeEvents(stream, 1)));
    expect(loads()).toHaveLength(1);
    await closeAll(streams);
  });

  it("a subscription is not shared with a viewer who may see less", async () => {
    const query = `subscription {
      messageEvents {
        __typename
        ... on CaughtUp { cursor }
        ... on MessageEventBatch { cursor events { message { provider { callbackUrl } } } }
      }
    }`;
    const reader = new GraphqlClient(app.url, await app.createKey(["READ"]));
    const { ids } = await sendAll(app, [{}]);
    const streams = [...(await openMany(1, query)), ...(await openMany(1, query, reader))];
    await move(app, ids, ["SUBMITTED"]);
    const [full, less] = await Promise.all(streams.map((stream) => stream.next()));
    expect(JSON.stringify(full)).toContain("/callbacks/");
    expect(JSON.stringify(less)).not.toContain("/callbacks/");
    await closeAll(streams);
    await reader.close();
  });
});

it.each([
  ["providerChanged", "subscription ($id: ID!) { providerChanged(id: $id) { name balance { fetchedAt } } }"],
  ["balanceChanged", "subscription ($id: ID!) { balanceChanged(providerId: $id) { fetchedAt } }"],
])("%s costs as many statements for twenty watchers as for one", async (_field, query) => {
  const { id: providerId } = await app.services.database.prisma.provider.findFirstOrThrow();
  const [id, reads] = [encodeId("Provider", providerId), /from "public"\."(providers|balances)"/i];
  const connection = await app.services.connections.get(providerId);
  if (!connection) throw new Error("The connection is gone");
  await checkConnection(app.services, connection);
  const counts: number[] = [];
  for (const watchers of [1, 20]) {
    const streams = Array.from({ length: watchers }, () => app.client.subscribe(query, { id }));
    for (const stream of streams) expect((await stream.next()).value).toHaveProperty("data");
    statements.length = 0;
    await checkConnection(app.services, connection);
    const answers = await Promise.all(streams.map((stream) => stream.next()));
    counts.push(statements.filter((text) => reads.test(text)).length);
    for (const { value } of answers) expect(value).toEqual(answers[0]?.value);
    for (const stream of streams) await stream.return?.(undefined);
  }
  expect(counts[1]).toBe(counts[0]);
});

it("fifty events of shared subscriptions take as many statements as one", async () => {
  const query = withMessages.replace(
    "message { id",
    "message { provider { name } events { edges { cursor } } id",
  );
  const { ids } = await sendAll(
    app,
    Array.from({ length: 50 }, () => ({})),
  );
  await closeAll(await openMany(1, query));
  const [stream] = (await openMany(1, query)) as [Frames];
  const counts: number[] = [];
  for (const moved of [ids.slice(0, 1), ids.slice(1)]) {
    statements.length = 0;
    await move(app, moved, ["SUBMITTED"]);
    expect((await nextFrame(stream)).events).toHaveLength(moved.length);
    counts.push(
      statements.filter((text) => !text.includes("horizon") && /^select/i.test(text.trim())).length,
    );
  }
  expect(counts[1]).toBe(counts[0]);
  await closeAll([stream]);
});

it("readers may join and leave a shared subscription at any moment without a gap or a repetition", async () => {
  const { ids, cursor: start } = await sendAll(
    app,
    Array.from({ length: 5 }, () => ({})),
  );
  const writing = new AbortController();
  const writer = (async () => {
    // No faster than it is read: a reader has to catch up before it is live.
    while (!writing.signal.aborted) {
      await addLines(app, ids);
      await untilSettled(app);
    }
  })();

  /** Reads from `after` on until so many frames came live; gives what it saw, and where it stopped. */
  const read = async (after: string, liveFrames: number): Promise<{ seen: string[]; cursor: string }> => {
    const seen: string[] = [];
    let cursor = after;
    let left: number | undefined;
    for await (const result of watchEvents(app.client, { after })) {
      const frame = frameOf(result);
      ({ cursor } = frame);
      seen.push(...(frame.events ?? []).map(logId));
      if (frame.__typename === "CaughtUp") left = liveFrames;
      else if (left !== undefined && --left === 0) break;
    }
    return { seen, cursor };
  };

  const comeAndGo = async (patience: number): Promise<string[]> => {
    const seen: string[] = [];
    let after = start;
    for (let visit = 0; visit < 4; visit++) {
      const part = await read(after, 1 + ((patience + visit) % 5));
      seen.push(...part.seen);
      after = part.cursor;
    }
    return seen;
  };

  const logs = await Promise.all(Array.from({ length: 40 }, (_, index) => comeAndGo(index)));
  writing.abort();
  await writer;
  const logged = await loggedIds(app);
  const from = logged.indexOf(logs[0]?.[0] ?? "");
  expect(from).toBeGreaterThanOrEqual(0);
  for (const log of logs) expect(log).toEqual(logged.slice(from, from + log.length));
});

it("a snapshot and the stream after it have no gap while others write", async () => {
  const { ids } = await sendAll(
    app,
    Array.from({ length: 10 }, () => ({})),
  );
  const writing = new AbortController();
  const writers = ids.map(async (id) => {
    await move(app, [id], ["SUBMITTED", "SENT"]);
    while (!writing.signal.aborted) await addLines(app, [id]);
  });
  const versions = new Map<string, number>();
  const query = `query ($ids: [ID!]!) {
    nodes(ids: $ids) { ... on Message { id cursor events(last: 1) { edges { node { id } } } } }
  }`;
  for (let look = 0; look < 10; look++) {
    const { nodes } = await app.client.data<{
      nodes: { id: string; cursor: string; events: { edges: { node: { id: string } }[] } }[];
    }>(query, { ids });
    for (const { id, cursor, events } of nodes.slice(0, 3)) {
      const frames = watchEvents(app.client, { after: cursor, filter: { messageIds: [id] } });
      const [first] = await takeEvents(frames, 1);
      await frames.return?.();
      // What the stream begins with is at most the event behind the newest that the snapshot had.
      const [known] = events.edges.map(({ node }) => logId({ ...node, status: "", message: { id } }));
      const timeline = await app.services.database.pool.query<{ id: string }>(
        "select tx || '.' || id as id from message_events as e where message_id = $1 order by e.id",
        [Buffer.from(id, "base64").toString().split(":")[1]],
      );
      const order = timeline.rows.map((row) => row.id);
      expect(order.indexOf(first ? logId(first) : "")).toBeLessThanOrEqual(order.indexOf(known ?? "") + 1);
      versions.set(id, order.length);
    }
  }
  writing.abort();
  await Promise.all(writers);
  expect([...versions.values()].every((count) => count > 2)).toBe(true);
});

function key(text: string, variables: Record<string, unknown>, granted: Scope[] = ["READ"]): string {
  const args = validateSubscriptionArgs({ schema, document: parse(text), variableValues: variables });
  if (!("schema" in args)) throw new Error(JSON.stringify(args));
  const names = { accountName: "", keyId: String(Math.random()), keyName: "" };
  const viewer = viewerOf({ accountId: "account", ...names, scopes: new Set(granted) });
  return sharingKey(args, viewer, false);
}

describe("what a subscription shares is known by", () => {
  const frame = "... on CaughtUp { cursor }";
  const text = `subscription ($after: Cursor, $filter: MessageEventFilter) {
    messageEvents(after: $after, filter: $filter) { ${frame} }
  }`;

  it("the sharing key depends on the variables in any order, but not on the start cursor", () => {
    const filter = { status: ["SENT"], country: ["SK"] };
    const turned = { country: ["SK"], status: ["SENT"] };
    expect(key(text, { after: "a", filter })).toBe(key(text, { filter: turned, after: "b" }));
    expect(key(text, { filter })).not.toBe(key(text, { filter: { ...filter, country: ["CZ"] } }));
  });

  it("the sharing key includes a variable named after that is not the start", () => {
    const used = `subscription ($after: String) {
      messageEvents {
        ... on MessageEventBatch { events { message { events(after: $after) { edges { cursor } } } } }
      }
    }`;
    expect(key(used, { after: "a" })).not.toBe(key(used, { after: "b" }));
  });

  it("the sharing key depends on the text and on the rights of the viewer", () => {
    expect(key(text, {})).not.toBe(key(text.replace(frame, `__typename ${frame}`), {}));
    expect(key(text, {})).not.toBe(key(text, {}, ["READ", "ADMIN"]));
  });
});
