import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient, type GraphqlResult } from "../support/graphql-client.ts";
import { Deployment } from "../support/deployment.ts";
import { freePort } from "../support/process.ts";
import { subscribeOverSse } from "../support/sse-client.ts";

const eventsSubscription = "subscription { messageEvents { __typename } }";
const revokeMutation = `mutation ($id: ID!) {
  revokeApiKey(id: $id) { __typename ... on ApiKey { revokedAt isCurrent } ... on Error { code message } }
}`;

interface Key {
  id: string;
  secret: string;
}

let app: TestApp;
let other: TestApp;
let database: Client;
let admin: GraphqlClient;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let messageId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
  database = new Client({ connectionString: databaseUrl });
  await database.connect();
  admin = new GraphqlClient(app.url, app.key);
  ({ sandbox } = await connectTestSandbox(app));
  const { sendMessage } = await admin.data<{ sendMessage: { id: string } }>(
    'mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) { ... on Message { id } } }',
  );
  messageId = sendMessage.id;
});

afterAll(async () => {
  await database.end();
  await sandbox.close();
  await other.stop();
  await app.stop();
});

async function createKey(input: object = {}, client = admin): Promise<Key> {
  const { createApiKey } = await client.data<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
    `mutation ($input: CreateApiKeyInput!) {
      createApiKey(input: $input) { ... on CreatedApiKey { secret apiKey { id } } ... on Error { message } }
    }`,
    { input: { name: "to be revoked", scopes: ["READ", "ADMIN"], ...input } },
  );
  return { id: createApiKey.apiKey.id, secret: createApiKey.secret };
}

const revoke = (
  id: string,
  client = admin,
): Promise<{ revokeApiKey: { code?: string; isCurrent?: boolean } }> => client.data(revokeMutation, { id });

/** A stream that has begun. */
interface Open {
  client: GraphqlClient;
  stream: AsyncIterator<GraphqlResult<unknown>>;
}

async function openSocket(url: string, key: string): Promise<Open> {
  const client = new GraphqlClient(url, key);
  const stream = client.subscribe(eventsSubscription);
  await stream.next();
  return { client, stream };
}

async function openSse(url: string, key: string): Promise<Open> {
  const client = new GraphqlClient(url, key);
  const stream = subscribeOverSse(client, { query: eventsSubscription }, "GET");
  await stream.next();
  return { client, stream };
}

/** How a stream ends, whatever else it says before. */
async function endOf({ client, stream }: Open): Promise<unknown> {
  for (;;) {
    const end = await stream.next().catch((error: unknown) => error);
    if (isFrame(end)) continue;
    await client.close();
    return end;
  }
}

const isFrame = (end: unknown): boolean =>
  typeof end === "object" &&
  end !== null &&
  "value" in end &&
  (end.value as GraphqlResult<unknown>)?.data != null;

const unauthenticated = { value: { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] } };
const forbidden = { code: 4403, reason: expect.stringContaining("API key was revoked") };

const expectNothingOpen = async (): Promise<void> => {
  for (const { services } of [app, other])
    await expect.poll(() => [services.streams.size, services.feed.waiting]).toEqual([0, 0]);
};

describe("a key that is revoked", () => {
  it("a revoked key loses its sockets and streams in every process", async () => {
    const key = await createKey();
    const urls = [app.url, other.url];
    const sockets = await Promise.all(urls.map((url) => openSocket(url, key.secret)));
    const streams = await Promise.all(urls.map((url) => openSse(url, key.secret)));
    const bystander = await openSocket(other.url, app.key);

    const [socketEnds, streamEnds] = [sockets.map(endOf), streams.map(endOf)];
    await revoke(key.id);

    for (const end of await Promise.all(socketEnds)) expect(end).toMatchObject(forbidden);
    for (const end of await Promise.all(streamEnds)) expect(end).toMatchObject(unauthenticated);
    for (const { stream } of streams) expect(await stream.next()).toMatchObject({ done: true });
    await expect.poll(() => other.services.streams.size).toBe(1);
    await bystander.client.close();
    await expectNothingOpen();
  });

  it("a revoked key is removed from the cache of every process", async () => {
    const key = await createKey();
    const clients = [app.url, other.url].map((url) => new GraphqlClient(url, key.secret));
    for (const client of clients) await client.data("{ viewer { keyName } }");
    const watched = endOf(await openSse(other.url, key.secret));
    await revoke(key.id);
    await watched;
    for (const client of clients) {
      const { errors } = await client.send("{ viewer { keyName } }");
      expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    }
  });

  it.each([
    ["an update by hand", "update api_keys set revoked_at = now() where name = $1"],
    ["its end set to now by hand", "update api_keys set expires_at = now() where name = $1"],
    ["its row deleted", "delete from api_keys where name = $1"],
  ])("a key loses its streams by %s too", async (what, statement) => {
    const key = await createKey({ name: what });
    const ended = [endOf(await openSocket(app.url, key.secret)), endOf(await openSse(other.url, key.secret))];
    await database.query(statement, [what]);
    expect(await Promise.all(ended)).toMatchObject([forbidden, unauthenticated]);
  });

  it("revoking a key ends its watch tokens", async () => {
    const key = await createKey({ scopes: ["READ", "ADMIN", "SEND"] });
    const { client, query } = await watchMessage(key.secret, 600);
    const stream = client.subscribe<unknown>(query);
    await stream.next();
    const ended = endOf({ client, stream });
    await revoke(key.id);
    expect(await ended).toMatchObject(forbidden);
    const { errors } = await client.send("{ __typename }");
    expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
  });

  it("revoking a key ends only its own stream on an anonymous socket", async () => {
    const key = await createKey();
    const socket = new GraphqlClient(app.url, undefined).socket();
    const extensions = { headers: { Authorization: `Bearer ${key.secret}` } };
    const stream = socket.iterate({ query: eventsSubscription, extensions });
    await stream.next();
    const last = stream.next();
    await revoke(key.id);
    expect(await last).toMatchObject(unauthenticated);
    expect(await stream.next()).toMatchObject({ done: true });
    const answer = await Array.fromAsync(socket.iterate({ query: "{ __typename }" }));
    expect(answer).toEqual([{ data: { __typename: "Query" } }]);
    await socket.dispose();
  });

  it("a key that revokes itself gets its answer before its socket is closed", async () => {
    const key = await createKey();
    const client = new GraphqlClient(app.url, key.secret);
    const socket = client.socket();
    const closed = new Promise((resolve) => socket.on("closed", resolve));
    const answer = await Array.fromAsync(
      socket.iterate({ query: revokeMutation, variables: { id: key.id } }),
    );
    expect(answer).toMatchObject([{ data: { revokeApiKey: { isCurrent: true } } }]);
    await socket.dispose();
    await closed;
  });

  it("sockets of a key that is revoked during an outage are closed once the database is back", async () => {
    const key = await createKey();
    const ended = endOf(await openSocket(other.url, key.secret));
    await database.query("update api_keys set revoked_at = now() where name = 'to be revoked'");
    await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    expect(await ended).toMatchObject({ code: 4403 });
    // The next test begins when both processes have connections again.
    for (const { client } of [app, other]) {
      await expect.poll(async () => (await client.send("{ viewer { keyName } }")).errors).toBeUndefined();
    }
  });
});

/** A client of the other process with a watch token for the message, and the subscription that the token opens. */
async function watchMessage(
  key: string,
  expiresInSeconds: number,
): Promise<{ client: GraphqlClient; query: string }> {
  const { createWatchToken } = await new GraphqlClient(app.url, key).data<{
    createWatchToken: { token: string };
  }>(
    `mutation ($input: CreateWatchTokenInput!) {
      createWatchToken(input: $input) { ... on WatchToken { token } ... on Error { message } }
    }`,
    { input: { messageId, expiresInSeconds } },
  );
  const query = `subscription { messageChanged(id: "${messageId}") { status } }`;
  return { client: new GraphqlClient(other.url, createWatchToken.token), query };
}

/** Long enough to open a socket in on a busy machine. */
const lifeMs = 4_000;

describe("what ends by itself", () => {
  it("sockets and streams of a key are closed when it expires", async () => {
    const expiresAt = new Date(Date.now() + lifeMs).toISOString();
    const { secret } = await createKey({ expiresAt });
    const ended = [endOf(await openSocket(app.url, secret)), endOf(await openSse(other.url, secret))];
    expect(await Promise.all(ended)).toMatchObject([forbidden, unauthenticated]);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    const { errors } = await new GraphqlClient(app.url, secret).send("{ viewer { keyName } }");
    expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
  });

  it("sockets of a key stay open when its expiry was postponed", async () => {
    const { secret } = await createKey({
      name: "extended",
      expiresAt: new Date(Date.now() + lifeMs).toISOString(),
    });
    const brief = await createKey({ expiresAt: new Date(Date.now() + lifeMs + 200).toISOString() });
    const kept = await openSocket(app.url, secret);
    const ended = endOf(await openSocket(app.url, brief.secret));
    await database.query("update api_keys set expires_at = now() + interval '1 day' where name = 'extended'");
    await ended;
    const answer = await new GraphqlClient(app.url, secret).data("{ viewer { keyName } }");
    expect(answer).toEqual({ viewer: { keyName: "extended" } });
    await expect.poll(() => app.services.streams.size).toBe(1);
    await kept.client.close();
    await expectNothingOpen();
  });

  it("sockets and streams of a watch token are closed when it expires, those of its key are not", async () => {
    const key = await createKey();
    const kept = await openSocket(other.url, key.secret);
    const { client, query } = await watchMessage(key.secret, lifeMs / 1000);
    const socket = client.subscribe<unknown>(query);
    const stream = subscribeOverSse<unknown>(client, { query }, "GET");
    await Promise.all([socket.next(), stream.next()]);
    const reason = expect.stringContaining("watch token has expired");
    const ended = [socket, stream].map((watched) => endOf({ client: other.client, stream: watched }));
    expect(await Promise.all(ended)).toMatchObject([{ code: 4403, reason }, unauthenticated]);
    const { errors } = await client.send("{ __typename }");
    expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    await expect.poll(() => other.services.streams.size).toBe(1);
    await kept.client.close();
    await expectNothingOpen();
  });
});

describe("two processes", () => {
  it("a key revoked by one process loses its sockets and streams in another", async () => {
    const deployment = await Deployment.create();
    try {
      await deployment.start("api");
      const port = String(await freePort());
      const url = `http://127.0.0.1:${port}`;
      await deployment.start("api", { PORT: port });
      const owner = deployment.client;
      const key = await createKey({}, owner);
      const ended = [endOf(await openSocket(url, key.secret)), endOf(await openSse(url, key.secret))];
      await revoke(key.id, owner);
      const ends = await Promise.all(ended);
      expect(ends).toMatchObject([forbidden, unauthenticated]);
    } finally {
      await deployment.close();
    }
  });
});
