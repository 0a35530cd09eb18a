import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, inject, it, onTestFinished } from "vitest";
import { describe as name, Readiness } from "../../src/database/readiness.ts";
import { startTestApp } from "../support/app.ts";
import { freePort } from "../support/process.ts";

function elsewhere(port: number): Readiness {
  const url = new URL(inject("postgresUrl"));
  url.hostname = "127.0.0.1";
  url.port = String(port);
  return new Readiness(url.href);
}

it("says nothing against a database that works", async () => {
  expect(await new Readiness(inject("postgresUrl")).problem()).toBeUndefined();
});

it("says that there is no connection", async () => {
  expect(await elsewhere(await freePort()).problem()).toBe("there is no connection to the database");
});

it("says that the database stands still, and leaves no connection behind", async () => {
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

it("names a full disk", () => {
  const error = { code: "53100", message: "could not write to file: No space left on device" };
  expect(name(error)).toBe("the disk of the database is full");
});

it("answers 503 with a typed error where no connection comes free, and is ready all the same", async () => {
  const app = await startTestApp({ runsWorker: false, databasePoolSize: 2 });
  onTestFinished(() => app.stop());
  const { pool } = app.services.database;
  await app.client.data("{ viewer { keyName } }");
  const taken = await Promise.all([pool.connect(), pool.connect()]);
  const busy = { code: "UNAVAILABLE" };
  const message =
    'mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { ... on Error { code } } }';
  const [query, mutation, callback, ready] = await Promise.all([
    app.client.send("{ messages(first: 1) { edges { node { id } } } }"),
    app.client.send(message),
    fetch(`${app.url}/callbacks/${crypto.randomUUID()}/x`, { method: "POST", body: "{}" }),
    fetch(`${app.url}/readyz`),
  ]);
  expect(query.errors).toMatchObject([{ extensions: busy }]);
  expect(mutation).toMatchObject(
    mutation.errors ? { errors: [{ extensions: busy }] } : { data: { sendMessage: busy } },
  );
  expect(callback.status).toBe(503);
  expect(ready.status).toBe(200);
  for (const client of taken) client.release();
  await app.client.data("{ messages(first: 1) { edges { node { id } } } }");
});
