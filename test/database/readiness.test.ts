import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { PoolClient } from "pg";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { describe as wordsFor, Readiness } from "../../src/database/readiness.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { leakIn } from "../support/leaks.ts";
import { connectProvider, nobody } from "../support/mutations.ts";
import { freePort } from "../support/process.ts";

function elsewhere(port: number): Readiness {
  const url = new URL(inject("postgresUrl"));
  url.hostname = "127.0.0.1";
  url.port = String(port);
  return new Readiness(url.href);
}

it("readiness says nothing against a database that works", async () => {
  expect(await new Readiness(inject("postgresUrl")).problem()).toBeUndefined();
});

it("readiness says that there is no connection", async () => {
  expect(await elsewhere(await freePort()).problem()).toBe("there is no connection to the database");
});

it("readiness says that the database stands still, and leaves no connection behind", async () => {
  const server = createServer((socket) => void socket.on("error", () => undefined).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const gone = once(server, "connection").then(async ([socket]) => once(socket, "close"));
  const readiness = elsewhere((server.address() as AddressInfo).port);
  const problems = await Promise.all([readiness.problem(), readiness.problem()]);
  expect(problems).toEqual(["the database stands still", "the database stands still"]);
  await gone;
});

it("readiness names a full disk", () => {
  const error = { code: "53100", message: "could not write to file: No space left on device" };
  expect(wordsFor(error)).toBe("the disk of the database is full");
});

describe("a pool of two whose connections are both in use", () => {
  let app: TestApp;
  let providerId: string;
  let taken: PoolClient[];

  beforeAll(async () => {
    app = await startTestApp({ runsWorker: false, databasePoolSize: 2 });
    providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
    const { pool } = app.services.database;
    taken = await Promise.all([pool.connect(), pool.connect()]);
  });

  afterAll(async () => {
    for (const client of taken) client.release();
    await app.client.data("{ messages(first: 1) { edges { node { id } } } }");
    await app.stop();
  });

  it.concurrent.each([
    ["a list", "{ messages(first: 1) { edges { node { id } } } }"],
    ["a list that Prisma reads", "{ campaigns(first: 1) { edges { node { id } } } }"],
    ["one thing that Prisma reads", "query ($id: ID!) { provider(id: $id) { name } }"],
    ["a node", "query ($id: ID!) { node(id: $id) { id } }"],
    [
      "a message to send",
      'mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { __typename } }',
    ],
    [
      "a change in Prisma's transaction",
      "mutation ($id: ID!) { rotateCallbackSecret(id: $id) { __typename } }",
    ],
    ["a change of limits", "mutation { setSpendingLimits(input: { caps: [] }) { __typename } }"],
  ])(
    "a server whose connections are all in use answers %s with UNAVAILABLE and in words",
    async (_, document) => {
      const answer = await app.client.send(document, document.includes("$id") ? { id: providerId } : {});
      expect(answer.errors).toMatchObject([
        {
          message: expect.stringMatching(/more to do than it can now. Try again/),
          extensions: { code: "UNAVAILABLE" },
        },
      ]);
      expect(leakIn(answer)).toBeUndefined();
    },
  );

  it.concurrent("a server whose connections are all in use answers callbacks and exports with 503, and readiness with 200", async () => {
    const path = `${app.url}/campaigns/${nobody("Campaign")}/messages.csv`;
    const answers = await Promise.all([
      fetch(`${app.url}/callbacks/${crypto.randomUUID()}/x`, { method: "POST", body: "{}" }),
      fetch(path, { headers: app.client.headers }),
      fetch(`${app.url}/readyz`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  it.concurrent("a server whose connections are all in use asks a WebSocket that sends its key to try again", async () => {
    const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    await once(socket, "open");
    const closed = once(socket, "close");
    // Not one that is known from a moment ago.
    const payload = { authorization: "Bearer sg_unknown" };
    socket.send(JSON.stringify({ type: "connection_init", payload }));
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1013, "Try again later"]);
  });
});
