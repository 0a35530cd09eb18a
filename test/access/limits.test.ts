import { once } from "node:events";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";
import { GraphqlClient, type GraphqlResult } from "../support/graphql-client.ts";
import { subscribeOverSse } from "../support/sse-client.ts";

const eventsSubscription = "subscription { messageEvents { __typename } }";
const keepAliveMs = 100;

let app: TestApp;

beforeAll(async () => {
  const subscriptionLimits = { subscriptionsPerSocket: 3, subscriptionsPerAccount: 5, socketsPerAccount: 4 };
  app = await startTestApp({ runsWorker: false, subscriptionLimits, keepAliveMs });
});

afterAll(() => app.stop());

const newClient = async (): Promise<GraphqlClient> => new GraphqlClient(app.url, await newAccountKey());

const newAccountKey = async (): Promise<string> => app.createKey(["READ"], await app.createAccount());

type Frames = AsyncIterableIterator<GraphqlResult<{ messageEvents: { __typename: string } }>>;

const caughtUp = { value: { data: { messageEvents: { __typename: "CaughtUp" } } } };
const tooMany = (scope: string, limit: number): object => ({
  value: { errors: [{ extensions: { code: "TOO_MANY_SUBSCRIPTIONS", scope, limit } }] },
});

const subscribeTo = (socket: ReturnType<GraphqlClient["socket"]>): Frames =>
  socket.iterate({ query: eventsSubscription }) as Frames;

/** Opens so many, and waits until each has begun. */
async function open(socket: ReturnType<GraphqlClient["socket"]>, count: number): Promise<Frames[]> {
  const streams = Array.from({ length: count }, () => subscribeTo(socket));
  for (const first of await Promise.all(streams.map((stream) => stream.next())))
    expect(first).toMatchObject(caughtUp);
  return streams;
}

const expectNoStreams = async (): Promise<void> => {
  await expect.poll(() => app.services.streams.size).toBe(0);
};

describe("too many subscriptions", () => {
  it("too many subscriptions of one socket get a typed error, and open ones continue", async () => {
    const client = await newClient();
    const socket = client.socket();
    const [first, ...others] = await open(socket, 3);
    const refused = subscribeTo(socket);
    expect(await refused.next()).toMatchObject(tooMany("SOCKET", 3));
    expect(await refused.next()).toMatchObject({ done: true });
    expect(app.services.streams.size).toBe(3);
    await expect(Array.fromAsync(socket.iterate({ query: "{ __typename }" }))).resolves.toHaveLength(1);
    expect(others).toHaveLength(2);

    await first?.return?.();
    await expect.poll(() => app.services.streams.size).toBe(2);
    await open(socket, 1);
    await client.close();
    await expectNoStreams();
  });

  it("too many subscriptions of one account get a typed error, over SSE too, and other accounts do not", async () => {
    const client = await newClient();
    await open(client.socket(), 3);
    const second = client.socket();
    await open(second, 2);
    expect(await subscribeTo(second).next()).toMatchObject(tooMany("ACCOUNT", 5));
    const overSse = subscribeOverSse(client, { query: eventsSubscription }, "GET");
    expect(await overSse.next()).toMatchObject(tooMany("ACCOUNT", 5));

    const other = await newClient();
    await open(other.socket(), 3);
    await other.close();
    await client.close();
    await expectNoStreams();
    const again = subscribeOverSse(client, { query: eventsSubscription }, "GET");
    expect(await again.next()).toMatchObject(caughtUp);
    await again.return(undefined);
    await expectNoStreams();
  });

  it("subscriptions of watch tokens do not use up those of the account's keys", async () => {
    const { id } = await storeCampaign(app, [], []);
    const owner = new GraphqlClient(app.url, app.key);
    const { createWatchToken } = await owner.data<{ createWatchToken: { token: string } }>(
      `mutation ($id: ID!) {
        createWatchToken(input: { campaignId: $id }) { ... on WatchToken { token } ... on Error { message } }
      }`,
      { id },
    );
    const watcher = new GraphqlClient(app.url, createWatchToken.token);
    const operation = {
      query: "subscription ($id: ID!) { campaignProgress(id: $id) { id } }",
      variables: { id },
    };
    const streams = Array.from({ length: 5 }, () => subscribeOverSse(watcher, operation, "GET"));
    const first = await Promise.all(streams.map((stream) => stream.next()));
    expect(first).toEqual(first.map(() => ({ done: false, value: { data: { campaignProgress: { id } } } })));
    expect(await subscribeOverSse(watcher, operation, "GET").next()).toMatchObject(tooMany("ACCOUNT", 5));
    await open(owner.socket(), 3);
    await owner.close();
    for (const stream of streams) await stream.return(undefined);
    await expectNoStreams();
  });

  it("subscriptions that failed, completed or lost their client do not count", async () => {
    const client = await newClient();
    const query = 'subscription { messageChanged(id: "x") { id } }';
    for (let count = 0; count < 6; count++) {
      await client.subscribe(query).next();
      await subscribeOverSse(client, { query }, "POST").next();
    }
    await client.close();
    for (let count = 0; count < 6; count++) {
      const stream = subscribeOverSse(client, { query: eventsSubscription }, "GET");
      expect(await stream.next()).toMatchObject(caughtUp);
      await stream.return(undefined);
      await expectNoStreams();
    }
  });
});

/** A socket without a client library. */
async function connect(key: string, options: { answersPings: boolean }): Promise<WebSocket> {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
    autoPong: options.answersPings,
  });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
  return socket;
}

describe("too many sockets", () => {
  it("too many sockets of one account are closed with 4420; open ones and other accounts are not affected", async () => {
    const key = await newAccountKey();
    const sockets: WebSocket[] = [];
    for (let count = 0; count < 4; count++) {
      const socket = await connect(key, { answersPings: true });
      await once(socket, "message");
      sockets.push(socket);
    }
    const [code, reason] = await once(await connect(key, { answersPings: true }), "close");
    expect([code, String(reason)]).toEqual([4420, "Too many sockets of this account"]);
    expect(sockets.map(({ readyState }) => readyState)).toEqual(Array(4).fill(WebSocket.OPEN));
    const stranger = await connect(await newAccountKey(), { answersPings: true });
    await once(stranger, "message");

    sockets.pop()?.close();
    const freed = async (): Promise<unknown> => {
      const socket = await connect(key, { answersPings: true });
      const answer = await Promise.race([once(socket, "message"), once(socket, "close")]);
      sockets.push(socket);
      return JSON.parse(String(answer[0]));
    };
    await expect.poll(freed).toEqual({ type: "connection_ack" });
    for (const socket of [...sockets, stranger]) socket.terminate();
  });
});

/** A socket with a subscription that has begun. */
async function watch(options: { answersPings: boolean }): Promise<WebSocket> {
  const socket = await connect(await newAccountKey(), options);
  await once(socket, "message");
  socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: eventsSubscription } }));
  await once(socket, "message");
  return socket;
}

describe("a dead peer", () => {
  it("a dead peer loses its socket and subscriptions; a peer that answers keeps both", async () => {
    const [dead, alive] = await Promise.all([watch({ answersPings: false }), watch({ answersPings: true })]);
    expect(app.services.streams.size).toBe(2);
    const [code] = await once(dead, "close");
    expect(code).toBe(1006);
    await expect.poll(() => app.services.streams.size).toBe(1);
    await once(alive, "ping");
    expect(alive.readyState).toBe(WebSocket.OPEN);
    alive.terminate();
    await expectNoStreams();
    expect(app.services.feed.waiting).toBe(0);
  });
});
