import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { startTestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

const queues = 50;

const finish = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "application/json" }).end('{"results":[]}');
};

/** A provider that answers nobody until it is told to. */
async function serveHeld() {
  const held = new Set<ServerResponse>();
  let isOpen = false;
  const server = createServer((request, response) => {
    request.resume();
    if (isOpen) finish(response);
    else held.add(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const release = (): void => {
    isOpen = true;
    for (const response of held) finish(response);
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, release };
}

it("smsgraph answers queries on two connections while it reads fifty queues of receipts at once", async () => {
  const provider = await serveHeld();
  const app = await startTestApp({ runsWorker: false });
  onTestFinished(() => app.stop());
  for (let index = 0; index < queues; index++) {
    const qikli = { name: `Queue ${index}`, username: "u", password: "p", baseUrl: provider.origin };
    await app.client.data(
      `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
      { input: { qikli } },
    );
  }
  const { databaseUrl, secretKey } = app;
  const busy = await startTestApp({ databaseUrl, secretKey, databasePoolSize: 2, workerConcurrency: queues });
  onTestFinished(() => busy.stop());
  onTestFinished(() => provider.release());
  await expect.poll(() => provider.held.size).toBeGreaterThanOrEqual(10);
  const client = new GraphqlClient(busy.url, app.key);
  const query = "{ providers { name } messages(first: 10) { edges { node { id } } } }";
  for (const answer of await Promise.all(Array.from({ length: 20 }, () => client.send(query))))
    expect(answer.errors).toBeUndefined();
  expect((await fetch(`${busy.url}/readyz`)).status).toBe(200);
});
