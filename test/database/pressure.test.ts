import { Client } from "pg";
import { expect } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { atEnd, testSideBySide } from "../support/side-by-side.ts";

/** Nobody else can write to the table until the returned function is called. */
async function hold(app: TestApp, table: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: app.databaseUrl });
  await client.connect();
  await client.query(`begin; lock table ${table} in share mode`);
  return () => client.end();
}

async function start(): Promise<{ app: TestApp; providerId: string }> {
  const app = await startTestApp({ runsWorker: false, databasePoolSize: 4 });
  atEnd(() => app.stop());
  const { sandbox, providerId } = await connectTestSandbox(app);
  atEnd(() => sandbox.close());
  return { app, providerId };
}

/** The server may close a kept connection in the moment in which it is used again. */
const ask = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, init).catch(() => fetch(url, init));

const send = (app: TestApp, key: string): Promise<Response> =>
  ask(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...app.client.headers },
    body: JSON.stringify({
      query: `mutation ($key: String!) {
        sendMessage(input: { to: "+421901000000", text: "x", idempotencyKey: $key }) { ... on Message { id } }
      }`,
      variables: { key },
    }),
  });

async function floodOfMessages(): Promise<void> {
  const { app } = await start();
  const release = await hold(app, "messages");
  const keys = Array.from({ length: 600 }, (_, index) => `message ${index}`);
  // All of them are answered while the table is still held.
  const answers = await Promise.all(keys.map((key) => send(app, key)));
  for (const answer of answers) {
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
  }
  await release();
  const repeats = await Promise.all(keys.map((key) => send(app, key)));
  expect(new Set(repeats.map(({ status }) => status))).toEqual(new Set([200]));
  const { rows } = await app.services.database.pool.query("select count(*)::int as count from messages");
  expect(rows).toEqual([{ count: keys.length }]);
}

async function floodOfReceipts(): Promise<void> {
  const { app, providerId } = await start();
  const { provider } = await app.client.data<{ provider: { callbackUrl: string } }>(
    "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
    { id: providerId },
  );
  const post = async (index: number): Promise<[number, string | null]> => {
    const answer = await ask(`${app.url}${new URL(provider.callbackUrl, app.url).pathname}`, {
      method: "POST",
      body: `not a receipt ${index}`,
    });
    await answer.text();
    return [answer.status, answer.headers.get("retry-after")];
  };
  const release = await hold(app, "callbacks");
  const bodies = Array.from({ length: 600 }, (_, index) => index);
  const answers = await Promise.all(bodies.map(post));
  expect(answers).toEqual(bodies.map(() => [503, "5"]));
  await release();
  // They cannot be read, and are kept for somebody to look at.
  expect(await Promise.all(bodies.map(post))).toEqual(bodies.map(() => [400, null]));
}

testSideBySide(
  [
    [
      "a flood of messages that the database cannot take is refused, and taken when it is repeated",
      floodOfMessages,
    ],
    [
      "a flood of receipts that the database cannot take is refused, and taken when it is repeated",
      floodOfReceipts,
    ],
  ],
  "%s",
  (_name, flood) => flood(),
);
