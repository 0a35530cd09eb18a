import { createClient, type ClientOptions } from "graphql-ws";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { encodeId } from "../../../src/lib/global-id.ts";
import { newMessageId } from "../../../src/lib/uuid.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient, takeUntil, type GraphqlResult } from "../../support/graphql-client.ts";
import { fetchEventStream, subscribeOverSse } from "../../support/sse-client.ts";

const sendMutation = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on Message { id cursor status } ... on Error { code message } }
}`;
const changedSubscription = "subscription ($id: ID!) { messageChanged(id: $id) { status version } }";
const eventsSubscription = `subscription ($filter: MessageEventFilter, $after: Cursor) {
  messageEvents(filter: $filter, after: $after) {
    __typename
    ... on MessageEventBatch { events { status message { id } } }
  }
}`;

const input = { to: "+421901000000", text: "Hello" };

interface Sent {
  id: string;
  cursor: string;
  status: string;
}

interface Changed {
  messageChanged: { status: string; version: number };
}

interface Frame {
  messageEvents: { __typename: string; events?: { status: string; message: { id: string } }[] };
}

type Subscribe = <Data>(
  client: GraphqlClient,
  query: string,
  variables?: Record<string, unknown>,
) => AsyncIterableIterator<GraphqlResult<Data>>;

const transports: { transport: string; subscribe: Subscribe }[] = [
  { transport: "a WebSocket", subscribe: (client, query, variables) => client.subscribe(query, variables) },
  ...(["GET", "POST"] as const).map((method) => ({
    transport: `SSE with ${method}`,
    subscribe: (<Data>(client: GraphqlClient, query: string, variables: Record<string, unknown> = {}) =>
      subscribeOverSse<Data>(client, { query, variables }, method)) as Subscribe,
  })),
];

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

async function send(client = app.client): Promise<Sent> {
  return (await client.data<{ sendMessage: Sent }>(sendMutation, { input })).sendMessage;
}

const clientWith = (key: string | undefined): GraphqlClient => new GraphqlClient(app.url, key);

/** Every stream is over, and nobody waits for events any more. */
async function expectNoStreams({ services }: TestApp): Promise<void> {
  await expect.poll(() => [services.streams.size, services.feed.waiting]).toEqual([0, 0]);
}

describe.each(transports)("a subscription over $transport", ({ subscribe }) => {
  it("a subscription follows one message until it is delivered", async () => {
    const { id } = await send();
    const changes = await takeUntil(
      subscribe<Changed>(app.client, changedSubscription, { id }),
      ({ data }) => data?.messageChanged.status === "DELIVERED",
    );
    const versions = changes.map(({ data }) => data?.messageChanged.version);
    expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index));
  });

  it("a subscription resumes after a cursor and then stays live", async () => {
    const { id, cursor } = await send();
    const variables = { after: cursor, filter: { messageIds: [id] } };
    const awaited = new Set(["CaughtUp", "SUBMITTING", "SUBMITTED", "SENT", "DELIVERED"]);
    await takeUntil(subscribe<Frame>(app.client, eventsSubscription, variables), ({ data }) => {
      const { __typename = "", events = [] } = data?.messageEvents ?? {};
      for (const seen of [__typename, ...events.map(({ status }) => status)]) awaited.delete(seen);
      return awaited.size === 0;
    });
    expect([...awaited]).toEqual([]);
  });

  it("a subscription ends on the server when its client leaves", async () => {
    await expectNoStreams(app);
    const stream = subscribe<Frame>(app.client, eventsSubscription);
    await stream.next();
    expect(app.services.streams.size).toBe(1);
    await stream.return?.();
    await expectNoStreams(app);
  });

  it.each([
    ["an unknown message", () => encodeId("Message", newMessageId(new Date())), "NOT_FOUND"],
    ["the id of something else", () => encodeId("Provider", newMessageId(new Date())), "INVALID_ID"],
    ["no id at all", () => "nonsense", "INVALID_ID"],
  ])("a subscription says what is wrong with %s, and ends", async (_what, id, code) => {
    const results = await Array.fromAsync(subscribe(app.client, changedSubscription, { id: id() }));
    expect(results).toMatchObject([{ errors: [{ path: ["messageChanged"], extensions: { code } }] }]);
    await expectNoStreams(app);
  });

  it("a subscription does not show another account's message", async () => {
    const { id } = await send();
    const stranger = clientWith(await app.createKey(["READ"], await app.createAccount()));
    const changed = await Array.fromAsync(subscribe(stranger, changedSubscription, { id }));
    expect(changed).toMatchObject([{ errors: [{ extensions: { code: "NOT_FOUND" } }] }]);
    const filter = { messageIds: [id] };
    const events = await Array.fromAsync(subscribe(stranger, eventsSubscription, { filter }));
    expect(events).toMatchObject([{ errors: [{ extensions: { code: "NOT_FOUND", id } }] }]);
    await stranger.close();
  });

  it("a subscription refuses a malformed cursor", async () => {
    const results = await Array.fromAsync(subscribe(app.client, eventsSubscription, { after: "x" }));
    expect(results).toMatchObject([{ errors: [{ extensions: { code: "INVALID_CURSOR", field: "after" } }] }]);
  });

  it("a subscription needs a key", async () => {
    const nobody = clientWith(undefined);
    const results = await Array.fromAsync(subscribe(nobody, eventsSubscription));
    expect(results).toMatchObject([{ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] }]);
    await nobody.close();
  });

  it("a subscription needs the READ scope", async () => {
    const sender = clientWith(await app.createKey(["SEND"]));
    const results = await Array.fromAsync(subscribe(sender, eventsSubscription));
    expect(results).toMatchObject([{ errors: [{ extensions: { code: "FORBIDDEN" } }] }]);
    await sender.close();
  });
});

describe("who may call", () => {
  it("a WebSocket with a wrong key is closed with 4403", async () => {
    const stranger = clientWith("sg_wrong");
    await expect(stranger.subscribe(eventsSubscription).next()).rejects.toMatchObject({
      code: 4403,
      reason: expect.stringContaining("unknown or revoked"),
    });
  });

  it.each(["application/json", "application/graphql-response+json", "text/event-stream"])(
    "a wrong key is answered with 401 and a typed error as %s",
    async (accept) => {
      const response = await fetch(`${app.url}/graphql`, {
        method: "POST",
        headers: { accept, "content-type": "application/json", authorization: "Bearer sg_wrong" },
        body: JSON.stringify({ query: "{ viewer { accountName } }" }),
      });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      const text = await response.text();
      expect(JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1))).toEqual({
        errors: [{ message: expect.any(String), extensions: { code: "UNAUTHENTICATED" } }],
      });
    },
  );

  it("without a key, public fields are answered and every other field says that it needs one", async () => {
    const query =
      '{ __typename first: message(clientRef: "1") { id } second: message(clientRef: "2") { id } }';
    const { data, errors } = await clientWith(undefined).send(query);
    expect(data).toEqual({ __typename: "Query", first: null, second: null });
    expect(errors).toMatchObject([
      { path: ["first"], extensions: { code: "UNAUTHENTICATED" } },
      { path: ["second"], extensions: { code: "UNAUTHENTICATED" } },
    ]);
  });

  it.each([
    ["READ", '{ message(clientRef: "1") { id } }'],
    ["SEND", 'mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) { __typename } }'],
    ["ADMIN", 'mutation { checkProvider(id: "") { __typename } }'],
  ] as const)("an operation is refused for a key without the scope %s", async (missing, query) => {
    const granted = (["READ", "SEND", "BILLING"] as const).filter((scope) => scope !== missing);
    const { errors } = await clientWith(await app.createKey(granted)).send(query);
    expect(errors).toMatchObject([
      { extensions: { code: "FORBIDDEN" }, message: expect.stringContaining("test") },
    ]);
  });

  it("mutations run over a WebSocket too", async () => {
    const results = app.client.socket().iterate({ query: sendMutation, variables: { input } });
    expect(await Array.fromAsync(results)).toMatchObject([
      { data: { sendMessage: { id: expect.any(String) } } },
    ]);
  });

  it.each([
    ["a document that cannot be read", "{"],
    ["a field that does not exist", "{ nonsense }"],
  ])("HTTP and WebSocket give the same error for %s", async (_what, query) => {
    const { errors } = await app.client.send(query);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_REQUEST" } }]);
    await expect(app.client.subscribe(query).next()).rejects.toEqual(errors);
  });

  it("a WebSocket operation may carry its key in its extensions, as GraphiQL does", async () => {
    const socket = clientWith(undefined).socket();
    const headers = { Authorization: `Bearer ${app.key}` };
    const results = socket.iterate({ query: "{ viewer { keyName } }", extensions: { headers } });
    expect(await Array.fromAsync(results)).toEqual([{ data: { viewer: { keyName: "test" } } }]);
    const wrong = { headers: { Authorization: "Bearer sg_wrong" } };
    const refused = socket.iterate({ query: "{ viewer { keyName } }", extensions: wrong });
    await expect(refused.next()).rejects.toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    await socket.dispose();
  });
});

const bearer = (key: string): Record<string, string> => ({ Authorization: `Bearer ${key}` });

describe("a WebSocket may carry its key", () => {
  const whose = "{ viewer { keyName } }";

  async function ask(
    options: Partial<ClientOptions>,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    class WithHeaders extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { headers });
      }
    }
    const url = `${app.url.replace("http", "ws")}/graphql`;
    const socket = createClient({ url, webSocketImpl: WithHeaders, retryAttempts: 0, ...options });
    try {
      return (await socket.iterate({ query: whose }).next()).value;
    } finally {
      await socket.dispose();
    }
  }

  const known = { data: { viewer: { keyName: "test" } } };

  it("a WebSocket may carry its key in the authorization header of its upgrade request", async () => {
    expect(await ask({}, bearer(app.key))).toEqual(known);
    await expect(ask({}, bearer("sg_wrong"))).rejects.toMatchObject({ code: 4403 });
  });

  it("a WebSocket may carry its key in the headers of its connection parameters", async () => {
    expect(await ask({ connectionParams: { headers: bearer(app.key) } })).toEqual(known);
    await expect(ask({ connectionParams: { headers: bearer("sg_wrong") } })).rejects.toMatchObject({
      code: 4403,
    });
  });

  it("a WebSocket may carry its key in its connection parameters, whatever is in the header, which may be for a proxy", async () => {
    expect(await ask({ connectionParams: bearer(app.key) }, bearer("sg_wrong"))).toEqual(known);
    expect(await ask({}, { Authorization: "Basic YTpi" })).toMatchObject({
      errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
    });
  });
});

describe("a subscription that says where to resume in its extensions", () => {
  const query =
    "subscription { messageEvents { ... on MessageEventBatch { events { status message { id } } } } }";
  interface Answer {
    data: { messageEvents: { events?: { status: string; message: { id: string } }[] } };
    extensions: { cursor: string };
  }

  it("a subscription that says where to resume in its extensions gets the cursor of each frame, though its document names none", async () => {
    const socket = app.client.socket();
    const first = socket.iterate({ query, extensions: { resume: null } });
    const caughtUp = (await first.next()).value as Answer;
    expect(caughtUp.extensions.cursor).toMatch(/./);
    await first.return?.();
    const { id } = await send(app.client);
    await takeUntil(
      app.client.subscribe<Changed>(changedSubscription, { id }),
      ({ data }) => data?.messageChanged.status === "DELIVERED",
    );
    const resumed = socket.iterate({ query, extensions: { resume: caughtUp.extensions.cursor } });
    // Messages of the tests before may still be on their way.
    const statuses: string[] = [];
    for await (const answer of resumed) {
      const { events = [] } = (answer as Answer).data.messageEvents;
      statuses.push(...events.flatMap(({ status, message }) => (message.id === id ? status : [])));
      if (statuses.includes("DELIVERED")) break;
    }
    expect(statuses[0]).toBe("QUEUED");
    const wrong = socket.iterate({ query, extensions: { resume: "nonsense" } });
    expect((await wrong.next()).value).toMatchObject({
      errors: [{ extensions: { code: "INVALID_CURSOR" } }],
    });
    await socket.dispose();
  });

  it("a subscription without an extension for resuming gets frames without extensions", async () => {
    const frames = app.client.subscribe(query);
    expect((await frames.next()).value).toEqual({ data: { messageEvents: {} } });
    await frames.return?.();
  });
});

it("clients that leave while a subscription starts leave nothing behind", async () => {
  const operation = { query: eventsSubscription };
  const leave = async (turns: number): Promise<void> => {
    const controller = new AbortController();
    const response = fetchEventStream(app.client, operation, { method: "POST", signal: controller.signal });
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    controller.abort();
    await response.then((answer) => answer.text()).catch(() => undefined);
  };
  await Promise.all(Array.from({ length: 60 }, (_, index) => leave(index * 5)));
  await expectNoStreams(app);
});

interface HeldTable {
  /** Resolves when so many statements wait for the table. */
  waiting(count: number): Promise<void>;
  release(): Promise<void>;
}

/** Keeps everyone else from writing messages. */
async function holdMessages(databaseUrl: string): Promise<HeldTable> {
  const holder = new Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query("begin");
  await holder.query("lock table messages in exclusive mode");
  const countWaiting =
    "select count(*)::int from pg_locks where not granted and relation = 'messages'::regclass";
  return {
    async waiting(count) {
      await expect.poll(async () => (await holder.query(countWaiting)).rows[0]).toEqual({ count });
    },
    release: () => holder.end(),
  };
}

describe("a drain", () => {
  it("a drain breaks off open subscriptions without completing them, and answers running operations", async () => {
    const draining = await startTestApp({ runsWorker: false });
    const { sandbox: provider } = await connectTestSandbox(draining);
    const { id } = await send(draining.client);
    const streams = transports.map(({ subscribe }) => subscribe<Frame>(draining.client, eventsSubscription));
    for (const stream of streams) await stream.next();
    const messages = await holdMessages(draining.databaseUrl);
    const sent = send(draining.client);
    const cancelMutation = "mutation ($id: ID!) { cancelMessage(id: $id) { ... on Message { status } } }";
    const cancelled = draining.client.subscribe(cancelMutation, { id }).next();
    await messages.waiting(2);

    const endings = Promise.allSettled(streams.map((stream) => Array.fromAsync(stream)));
    const stopped = draining.stop();
    expect(await endings).toMatchObject([
      { status: "rejected", reason: { code: 1001 } },
      ...Array.from({ length: 2 }, () => ({
        reason: { message: expect.stringContaining("without a complete") },
      })),
    ]);
    await messages.release();

    expect(await sent).toMatchObject({ status: "QUEUED" });
    expect(await cancelled).toEqual({
      done: false,
      value: { data: { cancelMessage: { status: "CANCELLED" } } },
    });
    await stopped;
    await expect(fetch(draining.url)).rejects.toThrow("fetch failed");
    await draining.client.close();
    await provider.close();
  });
});
