import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { HeldBodies } from "../../src/http/held-bodies.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, streamed } from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

const kilobyte = 1024;
const one = { id: "one", accountId: "account" };

const asked = async (url: string, init: RequestInit) => {
  const response = await fetch(url, { method: "POST", ...init });
  return {
    status: response.status,
    wait: response.headers.get("retry-after"),
    text: await response.text(),
  };
};

describe("what is held of bodies", () => {
  const limits = { key: 100 * kilobyte, account: 150 * kilobyte };

  it("a key holds so much in all its bodies, an account so much with all its keys, and others are not touched", () => {
    const bodies = new HeldBodies(limits);
    const first = bodies.open(one);
    first.grow(100 * kilobyte);
    expect(() => bodies.open(one).grow(50 * kilobyte)).toThrow(/of this key/);
    bodies.open({ ...one, id: "other" }).grow(70 * kilobyte);
    expect(() => bodies.open({ ...one, id: "third" }).grow(50 * kilobyte)).toThrow(/of this account/);
    bodies.open({ id: "fourth", accountId: "another" }).grow(100 * kilobyte);
    first.release();
    bodies.open(one).grow(50 * kilobyte);
  });

  it("short bodies are not counted, and a body that grows is counted once", () => {
    const bodies = new HeldBodies(limits);
    for (let count = 0; count < 100; count++) bodies.open(one).grow(16 * kilobyte);
    const growing = bodies.open(one);
    for (let count = 0; count < 116; count++) growing.grow(kilobyte);
    expect(() => growing.grow(kilobyte)).toThrow(/of this key/);
    growing.release();
    growing.grow(100 * kilobyte);
  });
});

describe("a caller that sends more at once than may be held", () => {
  let app: TestApp;
  let other: Record<string, string>;
  const held = 150 * kilobyte;
  const opened: Socket[] = [];

  beforeAll(async () => {
    const heldLimits = { key: 200 * kilobyte, account: 300 * kilobyte };
    app = await startTestApp({ runsWorker: false, heldLimits });
    other = { authorization: `Bearer ${await app.createKey(["READ"], await app.createAccount())}` };
  });

  afterAll(async () => {
    endAll();
    await app.stop();
  });

  const json = { "content-type": "application/json" };
  const long = JSON.stringify({ query: `{ __typename } #${"x".repeat(held)}` });

  /** Two requests whose last bytes do not come, of which one is too much. Gives what that is answered. */
  async function holdTwo(url: string, headers: Record<string, string>): Promise<string> {
    const { port, pathname } = new URL(url);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST ${pathname} HTTP/1.1\r\nhost: localhost\r\n${lines.join("")}content-length: ${held + 1}\r\n\r\n`;
    const answers = [1, 2].map(async () => {
      const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
      opened.push(socket);
      socket.write(head + "x".repeat(held));
      const [answer] = (await once(socket, "data")) as [Buffer];
      return answer.toString().split("\r\n")[0] ?? "";
    });
    return Promise.race(answers);
  }

  function endAll(): void {
    for (const socket of opened.splice(0)) socket.destroy();
  }

  const patience = { timeout: 30_000 };

  it("is refused over GraphQL until it holds less, whether it says how long a body is or not", async () => {
    const url = `${app.url}/graphql`;
    const mine = { ...json, ...app.client.headers };
    expect(await holdTwo(url, mine)).toContain("429");
    const announced = (headers: Record<string, string>) => asked(url, { headers, body: long });
    const chunked = (headers: Record<string, string>) =>
      asked(url, { headers, ...streamed([Buffer.from(long)]) });
    for (const ask of [announced, chunked]) {
      const refused = { status: 429, wait: "5", text: expect.stringContaining("TOO_MANY_REQUESTS") };
      expect(await ask(mine)).toEqual(refused);
      expect(await ask({ ...json, ...other })).toMatchObject({ status: 200 });
    }
    expect(await app.client.data("{ __typename }")).toEqual({ __typename: "Query" });
    endAll();
    await expect.poll(() => announced(mine), patience).toMatchObject({ status: 200 });
  });

  it("is told by a callback to come again, as is a client of a served API", async () => {
    const callbackUrl = await callbackUrlOf(app, await connectProvider(app.client, {}));
    const compatUrl = `${app.url}/compat/tikosms/v1/messages`;
    const key = { ...json, authorization: `Bearer ${await app.createKey(["SEND"])}` };
    for (const [url, headers, refused, taken] of [
      [callbackUrl, json, 503, 200],
      [compatUrl, key, 429, 422],
    ] as const) {
      expect(await holdTwo(url, headers)).toContain(String(refused));
      endAll();
      await expect.poll(async () => (await asked(url, { headers, body: long })).status, patience).toBe(taken);
    }
  });

  it("is closed over a WebSocket, where a watch token has no more than a stranger", async () => {
    const { createWatchToken } = await app.client.data<{ createWatchToken: { token: string } }>(
      `mutation ($input: CreateWatchTokenInput!) { createWatchToken(input: $input) { ... on WatchToken { token } } }`,
      { input: { messageId: await sentMessage(app) } },
    );
    for (const [key, bytes, code] of [
      [app.key, held, undefined],
      [app.key, 250 * kilobyte, 1013],
      [createWatchToken.token, 70 * kilobyte, 1009],
    ] as const) {
      const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
      await once(socket, "open");
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
      await once(socket, "message");
      const query = `{ __typename } #${"x".repeat(bytes)}`;
      socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query } }));
      const closed = once(socket, "close").then(([ended]) => ended as number);
      const answered = once(socket, "message").then(() => undefined);
      expect(await Promise.race([closed, answered])).toBe(code);
      socket.terminate();
    }
  });
});

async function sentMessage({ client }: TestApp): Promise<string> {
  const { sendMessage } = await client.data<{ sendMessage: { id: string } }>(
    `mutation { sendMessage(input: { to: "+421901000000", text: "x", from: "me" }) { ... on Message { id } } }`,
  );
  return sendMessage.id;
}
