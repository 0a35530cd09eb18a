import { Client } from "pg";
import { createClient, isError } from "smsgraph";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId } from "../../src/lib/global-id.ts";
import { schema } from "../../src/graphql/schema/schema.ts";
import { Deployment } from "../support/deployment.ts";
import type { GraphqlError } from "../support/graphql-client.ts";
import { eventually } from "../support/process.ts";
import { Replicas } from "../support/replicas.ts";
import { walkSchema } from "../support/schema-walk.ts";

/** A real standby that answers queries while another server takes the writes. */

let replicas: Replicas;
let deployment: Deployment;
let standby: Client;

// Uses the tools of a Unix.
const isPossible = process.platform !== "win32";

beforeAll(async () => {
  if (!isPossible) return;
  replicas = await Replicas.start();
  deployment = await Deployment.create({ databaseUrl: replicas.primaryUrl });
  await deployment.start("api", { DATABASE_READ_URL: replicas.standbyUrl, METRICS: "true" });
  await deployment.start("worker");
  await deployment.connect();
  standby = new Client({ connectionString: replicas.standbyUrl });
  standby.on("error", () => undefined);
  await standby.connect();
  await eventually(async () => (await readyz()).includes("read from the replica"));
}, 180_000);

afterAll(async () => {
  await standby?.end().catch(() => undefined);
  await deployment?.close();
  await replicas?.close();
});

interface Answer {
  data?: { message?: { status: string } | null; sendMessage?: { id: string; cursor: string } };
  errors?: GraphqlError[];
  extensions?: { after?: string };
}

async function ask(query: string, variables: object, extensions?: object): Promise<Answer> {
  const response = await fetch(`${deployment.client.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...deployment.client.headers },
    body: JSON.stringify({ query, variables, extensions }),
  });
  return (await response.json()) as Answer;
}

const readyz = async (): Promise<string> => (await fetch(`${deployment.client.url}/readyz`)).text();

/** Queries so far by where they were read. */
async function counts(): Promise<{ replica: number; primary: number }> {
  const text = await (await fetch(`${deployment.client.url}/metrics`)).text();
  const of = (from: string): number =>
    Number(new RegExp(`^smsgraph_queries_total\\{from="${from}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { replica: of("replica"), primary: of("primary") };
}

const message = "query ($id: ID!) { message(id: $id) { status } }";
const find = (id: string, extensions?: object): Promise<Answer> => ask(message, { id }, extensions);

async function send(extensions?: object): Promise<{ id: string; cursor: string; after: string | undefined }> {
  const { data, extensions: told } = await ask(
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id cursor } } }",
    { input: { to: "+421901000000", text: "Hello" } },
    extensions,
  );
  const { id = "", cursor = "" } = data?.sendMessage ?? {};
  return { id, cursor, after: told?.after };
}

const pauseReplay = () => standby.query("select pg_wal_replay_pause()");
const resumeReplay = () => standby.query("select pg_wal_replay_resume()");

it.runIf(isPossible)("a query is read from the replica", async () => {
  const { id } = await send();
  await eventually(async () => (await find(id)).data?.message != null);
  const before = await counts();
  expect((await find(id)).data?.message).not.toBeNull();
  expect(await counts()).toEqual({ ...before, replica: before.replica + 1 });
});

it.runIf(isPossible)(
  "a query shows at least what its cursor covers, however far behind the replica is",
  async () => {
    await pauseReplay();
    const { id, after } = await send({ after: null });
    expect((await find(id)).data?.message).toBeNull();
    const shown = await find(id, { after });
    expect(shown.data?.message).not.toBeNull();
    // What was seen once is never unseen by who passes cursors on.
    expect((await find(id, { after: shown.extensions?.after })).data?.message).not.toBeNull();
    await resumeReplay();
    await eventually(async () => (await find(id)).data?.message != null);
    const before = await counts();
    await eventually(async () => {
      await find(id, { after: shown.extensions?.after });
      return (await counts()).replica > before.replica;
    });
  },
);

it.runIf(isPossible)("our client sees what it has sent, however far behind the replica is", async () => {
  await pauseReplay();
  const client = createClient({ url: deployment.client.url, key: deployment.client.key ?? "" });
  const sent = await client.send({ to: "+421901000000", text: "Hello" });
  if (isError(sent)) throw new Error(sent.message);
  expect((await find(sent.id)).data?.message).toBeNull();
  expect(await client.request({ query: message, variables: { id: sent.id } })).toMatchObject({
    message: { status: expect.any(String) },
  });
  await resumeReplay();
});

it.runIf(isPossible)("the cursor of an event covers what the event tells", async () => {
  await pauseReplay();
  const { id, cursor } = await send();
  const query =
    "subscription ($after: Cursor) { messageEvents(after: $after) { ... on MessageEventBatch { cursor events { message { id } } } } }";
  interface Batch {
    messageEvents: { cursor?: string; events?: { message: { id: string } }[] };
  }
  let covering: string | undefined;
  for await (const { data } of deployment.client.subscribe<Batch>(query, { after: cursor })) {
    const { cursor: reached, events = [] } = data?.messageEvents ?? {};
    if (events.some((event) => event.message.id === id)) covering = reached;
    if (covering !== undefined) break;
  }
  expect((await find(id)).data?.message).toBeNull();
  expect((await find(id, { after: covering })).data?.message).not.toBeNull();
  await resumeReplay();
});

it.runIf(isPossible)("a cursor covers a change over WebSocket, too", async () => {
  const { id } = await send();
  const results = deployment.client
    .socket()
    .iterate({ query: message, variables: { id }, extensions: { after: null } });
  const { value } = (await results.next()) as IteratorResult<Answer>;
  expect(value.extensions?.after).toEqual(expect.any(String));
});

it.runIf(isPossible)("what is no cursor of ours is refused", async () => {
  for (const after of ["nonsense", 1, {}, true, Buffer.from("2:x").toString("base64url")]) {
    const { errors } = await find(encodeId("Message", crypto.randomUUID()), { after });
    expect(errors?.[0]?.extensions?.code).toBe("INVALID_CURSOR");
  }
});

it.runIf(isPossible)("a cursor of a query is no place in a stream", async () => {
  const { after } = await send({ after: null });
  const query = "subscription ($after: Cursor) { messageEvents(after: $after) { __typename } }";
  const { value } = await deployment.client.subscribe(query, { after }).next();
  expect(value.errors?.[0]?.extensions?.code).toBe("INVALID_CURSOR");
});

it.runIf(isPossible)("no query needs the primary", async () => {
  const queries = walkSchema(schema, () => undefined, []).filter(({ document }) =>
    document.startsWith("query"),
  );
  expect(queries.length).toBeGreaterThan(100);
  const before = await counts();
  for (const { document } of queries) await ask(document, {});
  expect((await counts()).primary).toBe(before.primary);
});

it.runIf(isPossible)(
  "a replica that is too far behind is not read, until it has caught up",
  async () => {
    await pauseReplay();
    const { id } = await send();
    expect((await find(id)).data?.message).toBeNull();
    await eventually(async () => (await readyz()).includes("too far behind"));
    expect((await find(id)).data?.message).not.toBeNull();
    await resumeReplay();
    await eventually(async () => (await readyz()).includes("read from the replica"));
  },
  60_000,
);

it.runIf(isPossible)("queries go on without the replica", async () => {
  const { id } = await send();
  await eventually(async () => (await find(id)).data?.message != null);
  await replicas.stopStandby();
  for (let query = 0; query < 20; query++) expect((await find(id)).data?.message).not.toBeNull();
  expect(await readyz()).toContain("since the replica cannot be reached");
});
