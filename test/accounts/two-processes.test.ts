import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { subscribeOverSse } from "../support/sse-client.ts";

const operatorKey = "operator-key-of-the-test-0123456789";

/** The operator calls the one; clients and the queue are at the other. */
let near: TestApp;
let far: TestApp;
let client: GraphqlClient;
let sandboxes: Awaited<ReturnType<typeof connectTestSandbox>>[];
let stranger: GraphqlClient;

beforeAll(async () => {
  near = await startTestApp({ operatorKey, runsWorker: false });
  const { databaseUrl, secretKey } = near;
  far = await startTestApp({ databaseUrl, secretKey });
  client = new GraphqlClient(far.url, near.key);
  stranger = new GraphqlClient(far.url, await far.createKey());
  sandboxes = await Promise.all(
    [client, stranger].map((one) =>
      connectTestSandbox({ ...far, client: one }, { delays: { createMs: 0, updateMs: 0 } }),
    ),
  );
});

afterAll(async () => {
  await client.close();
  await far.stop();
  await near.stop();
  await Promise.all(sandboxes.map(({ sandbox }) => sandbox.close()));
});

const statusOf = async (id: string): Promise<string> =>
  (await far.services.database.prisma.message.findUniqueOrThrow({ where: { id: decodeId("Message", id) } }))
    .status;

it("an account that is suspended through one process is refused by another: requests, sockets, event streams, watch tokens; its queue there stops, and receipts are still taken", async () => {
  const later = new Date(Date.now() + 4_000).toISOString();
  const send = async (by: GraphqlClient): Promise<string> =>
    (
      await by.data<{ sendMessage: { id: string } }>(
        `mutation { sendMessage(input: { to: "+421901000000", text: "Later", scheduledAt: "${later}" }) { ... on Message { id } ... on Error { message } } }`,
      )
    ).sendMessage.id;
  const [ours, theirs] = [await send(client), await send(stranger)];
  const { createWatchToken } = await client.data<{ createWatchToken: { token: string } }>(
    `mutation { createWatchToken(input: { messageId: "${ours}" }) { ... on WatchToken { token } } }`,
  );
  const watcher = new GraphqlClient(far.url, createWatchToken.token);
  const callbackUrl = await callbackUrlOf({ ...far, client }, sandboxes[0]?.providerId ?? "");
  const subscription = "subscription { messageEvents { __typename } }";
  const socket = client.subscribe(subscription);
  await socket.next();
  const watching = watcher.subscribe(`subscription { messageChanged(id: "${ours}") { __typename } }`);
  await watching.next();
  const stream = subscribeOverSse(client, { query: subscription }, "POST");
  await stream.next();
  const ends = [socket, watching].map((one) => Array.fromAsync(one).catch((error: unknown) => error));
  const streamed = Array.fromAsync(stream);

  await new GraphqlClient(near.url, operatorKey).data(
    `mutation { suspendAccount(id: "${encodeId("Account", near.accountId)}") { __typename } }`,
  );
  expect(await Promise.all(ends)).toMatchObject([{ code: 4403 }, { code: 4403 }]);
  expect((await streamed).at(-1)).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
  const refused = { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] };
  expect(await client.send("{ viewer { keyName } }")).toMatchObject(refused);
  expect(await watcher.send(`{ message(id: "${ours}") { id } }`)).toMatchObject(refused);
  const opened = client.subscribe(subscription).next();
  await expect(opened).rejects.toMatchObject({ code: 4403 });
  expect((await post(callbackUrl, "{}")).status).toBe(200);

  // What is due of another account at the same time shows that the queue had its turn.
  await expect.poll(() => statusOf(theirs)).toBe("DELIVERED");
  expect(await statusOf(ours)).toBe("SCHEDULED");
  await new GraphqlClient(near.url, operatorKey).data(
    `mutation { resumeAccount(id: "${encodeId("Account", near.accountId)}") { __typename } }`,
  );
  await expect.poll(() => statusOf(ours)).toBe("DELIVERED");
});
