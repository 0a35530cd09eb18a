import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider } from "../support/mutations.ts";

const dayMs = 86_400_000;
let days = 0;
const clock = { now: () => new Date(Date.now() + days * dayMs) };
let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, clock });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(() => app.stop());

const jumps = [200, -200];

interface Sent {
  id?: string;
  code?: string;
}

const send = async (idempotencyKey: string): Promise<Sent> => {
  const document = `mutation ($key: String) {
  sendMessage(input: { to: "+421901000000", text: "x", idempotencyKey: $key }) {
    ... on Message { id } ... on Error { code } } }`;
  return (await app.client.data<{ sendMessage: Sent }>(document, { key: idempotencyKey })).sendMessage;
};

const create = async (idempotencyKey: string): Promise<Sent> => {
  const document = `mutation ($key: String) {
  createCampaign(input: { name: "C", text: "x", recipients: [{ to: "+421901000000" }], idempotencyKey: $key }) {
    ... on Campaign { id } ... on Error { code } } }`;
  return (await app.client.data<{ createCampaign: Sent }>(document, { key: idempotencyKey })).createCampaign;
};

it.each(jumps)(
  "a process whose clock jumps by %i days takes a repeated key for the same message",
  async (jump) => {
    days = 0;
    const first = await send(`message ${jump}`);
    days = jump;
    expect(first).toEqual({ id: expect.any(String) });
    expect(await send(`message ${jump}`)).toEqual(first);
    const second = await send(`after ${jump}`);
    days = 0;
    expect(await send(`after ${jump}`)).toEqual(second);
  },
);

it.each(jumps)(
  "a process whose clock jumps by %i days takes a repeated key for the same campaign",
  async (jump) => {
    days = 0;
    const first = await create(`campaign ${jump}`);
    days = jump;
    expect(first).toEqual({ id: expect.any(String) });
    expect(await create(`campaign ${jump}`)).toEqual(first);
    const second = await create(`later ${jump}`);
    days = 0;
    expect(await create(`later ${jump}`)).toEqual(second);
  },
);

it.each(jumps)(
  "a process whose clock jumps by %i days ends no key and no watch token, and revives none",
  async (jump) => {
    days = 0;
    const expiresAt = new Date(Date.now() + 10 * dayMs).toISOString();
    const { createApiKey } = await app.client.data<{ createApiKey: { secret: string } }>(
      `mutation ($at: DateTime) { createApiKey(input: { name: "k", scopes: [READ], expiresAt: $at }) {
      ... on CreatedApiKey { secret } } }`,
      { at: expiresAt },
    );
    const { sendMessage: message } = await app.client.data<{ sendMessage: { id: string } }>(
      `mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { ... on Message { id } } }`,
    );
    const { createWatchToken } = await app.client.data<{ createWatchToken: { token: string } }>(
      `mutation ($id: ID!) { createWatchToken(input: { messageId: $id }) { ... on WatchToken { token } } }`,
      message,
    );
    const past = await app.createKey(["READ"]);
    await app.services.database.pool.query(
      "update api_keys set expires_at = now() - interval '1 minute' where id = (select id from api_keys order by id desc limit 1)",
    );
    days = jump;
    const watched = "query ($id: ID!) { message(id: $id) { id } }";
    const byKey = new GraphqlClient(app.url, createApiKey.secret);
    const byToken = new GraphqlClient(app.url, createWatchToken.token);
    for (const client of [byKey, byToken]) expect(await client.data(watched, message)).toEqual({ message });
    const socket = byKey.socket();
    const [answer] = await Array.fromAsync(socket.iterate({ query: watched, variables: message }));
    expect(answer).toEqual({ data: { message } });
    await byKey.close();
    expect(await new GraphqlClient(app.url, past).send(watched, message)).toMatchObject({
      errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
    });
    days = 0;
  },
);
