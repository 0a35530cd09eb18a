import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, isError, SmsgraphError, type ClientOptions, type ConnectionState } from "smsgraph";
import { fileStore } from "smsgraph/file-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { addLines, loggedIds, logId, move, sendAll, untilSettled } from "../support/live.ts";
import { eventually, freePort } from "../support/process.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

let app: TestApp;
let proxy: TcpProxy;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
  proxy = await startTcpProxy(Number(new URL(app.url).port));
});

afterAll(async () => {
  await proxy.close();
  await app.stop();
  await closeSandbox();
});

const through = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: `http://127.0.0.1:${proxy.port}`, key: app.key, ...options });

const steps = ["QUEUED", "SUBMITTED", "SENT", "DELIVERED"] as const;

async function deliver(count = 1): Promise<string[]> {
  const { ids } = await sendAll(
    app,
    Array.from({ length: count }, () => ({})),
  );
  await move(app, ids, steps.slice(1));
  return ids;
}

describe.each(["ws", "sse"] as const)("a client over %s", (transport) => {
  it("a client gives each event once and in order over cut connections, and says when it has caught up", async () => {
    const states: ConnectionState["state"][] = [];
    let caughtUp = 0;
    const client = through({ transport, onState: ({ state }) => states.push(state) });
    const from = (await loggedIds(app)).length;
    const events = client.messageEvents({ onCaughtUp: () => void caughtUp++ });
    const first = events.next();
    await eventually(() => caughtUp === 1);
    const seen: string[] = [];
    await deliver(2);
    proxy.cut();
    await deliver(2);
    const { value } = await first;
    if (value) seen.push(logId(value));
    for await (const event of events) {
      seen.push(logId(event));
      if (seen.length === 4 * steps.length) break;
    }
    expect(seen).toEqual((await loggedIds(app)).slice(from));
    expect(states.slice(0, 3)).toEqual(["connected", "reconnecting", "connected"]);
  });

  it.each([
    ["a wrong key", { key: "sg_wrong" }, {}, "UNAUTHENTICATED"],
    ["a cursor that is none", {}, { after: "nonsense" }, "INVALID_CURSOR"],
    ["a filter that names what is not there", {}, { filter: { country: ["Slovakia"] } }, "INVALID_INPUT"],
    ["a field that does not exist", {}, { fields: "nonsense" }, "BAD_REQUEST"],
  ])("a client ends with a typed error for %s", async (_what, options, wanted, code) => {
    const states: string[] = [];
    const client = through({ transport, onState: ({ state }) => states.push(state), ...options });
    const ended = client.messageEvents(wanted).next();
    await expect(ended).rejects.toBeInstanceOf(SmsgraphError);
    await expect(ended).rejects.toMatchObject({ code });
    expect(states).toEqual(["refused"]);
  });

  it("a client tries again for as long as nobody answers, and says so", async () => {
    const states: ConnectionState[] = [];
    const url = `http://127.0.0.1:${await freePort()}`;
    const client = createClient({ url, key: app.key, transport, onState: (state) => states.push(state) });
    const events = client.messageEvents();
    const next = events.next();
    await eventually(() => states.length >= 3);
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["reconnecting"]));
    expect(states[0]).toMatchObject({
      problem: { code: "UNREACHABLE", message: expect.stringMatching(/./) },
    });
    await events.return();
    expect(await next).toEqual({ done: true, value: undefined });
    const { length } = states;
    await new Promise((done) => setTimeout(done, 50));
    expect(states).toHaveLength(length);
  });

  it("a client leaves nothing open on the server when its stream is left while it waits", async () => {
    const open = app.services.streams.size;
    const events = through({ transport }).messageEvents();
    const next = events.next();
    await eventually(() => app.services.streams.size === open + 1);
    await events.return();
    expect(await next).toEqual({ done: true, value: undefined });
    await eventually(() => app.services.streams.size === open);
  });

  it("a client ends when its signal aborts", async () => {
    const controller = new AbortController();
    const next = through({ transport }).messageEvents({ signal: controller.signal }).next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("a client watches a message: its present state, then each version once, over cut connections", async () => {
    const client = through({ transport });
    const [id = ""] = await deliver();
    const states = client.watchMessage(id);
    expect((await states.next()).value).toMatchObject({ id, status: "DELIVERED" });
    const next = states.next();
    proxy.cut();
    await move(app, [id], ["READ"]);
    expect((await next).value).toMatchObject({ id, status: "READ", version: expect.any(Number) });
    await states.return();
  });

  it("a client closes the subscription of a reader that falls behind, and still gives it every event", async () => {
    const [id = ""] = await deliver();
    await eventually(() => app.services.streams.size === 0);
    await untilSettled(app);
    let isOpen = false;
    const events = through({ transport }).messageEvents({ onCaughtUp: () => void (isOpen = true) });
    const first = events.next();
    await eventually(() => isOpen);
    const from = (await loggedIds(app)).length;
    await eventually(async () => {
      await addLines(app, [id]);
      return app.services.streams.size === 0;
    });
    await addLines(app, [id]);
    const expected = (await loggedIds(app)).slice(from);
    expect(expected.length).toBeGreaterThan(30);
    const seen: string[] = [];
    const { value } = await first;
    if (value) seen.push(logId(value));
    for await (const event of events) {
      seen.push(logId(event));
      if (seen.length === expected.length) break;
    }
    expect(seen).toEqual(expected);
  });
});

describe("a store", () => {
  it("a store has the cursor of each event that was handled, so that another process goes on after it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-store-"));
    const path = join(directory, "cursor");
    const seen: string[] = [];
    const from = (await loggedIds(app)).length;
    const client = through();
    let isOpen = false;
    const read = async (count: number): Promise<void> => {
      const events = client.messageEvents({ store: fileStore(path), onCaughtUp: () => void (isOpen = true) });
      for (let taken = 0; taken < count; taken++) {
        const { value } = await events.next();
        if (value) seen.push(logId(value));
      }
      // An event is handled when the next one is asked for.
      void events.next();
      await events.return();
    };
    const first = read(2);
    await eventually(() => isOpen);
    await deliver();
    await first;
    await read(steps.length - 2);
    expect(seen).toEqual((await loggedIds(app)).slice(from));
    expect(await readFile(path, "utf8")).not.toBe("");
    await rm(directory, { recursive: true });
  });

  it("a client whose stored cursor is ahead of the log is told of a reset, and the stream goes on", async () => {
    const resets: string[] = [];
    const saved: string[] = [];
    const ahead = Buffer.from(`1:${2n ** 60n}:1`).toString("base64url");
    const store = { load: () => ahead, save: (cursor: string) => void saved.push(cursor) };
    const events = through().messageEvents({ store, onReset: ({ reason }) => resets.push(reason) });
    const next = events.next();
    await eventually(() => resets.length > 0 && saved.length > 0);
    expect(resets).toEqual(["AHEAD_OF_LOG"]);
    await deliver();
    expect((await next).value).toMatchObject({ status: "QUEUED" });
    await events.return();
  });
});

describe("send", () => {
  it("send gives the stored message, or the API's typed error", async () => {
    const client = through();
    const sent = await client.send({ to: "+421901000000", text: "Hello" });
    expect(sent).toMatchObject({ __typename: "Message", status: "QUEUED" });
    expect(isError(sent)).toBe(false);
    const refused = await client.send({ to: "12", text: "Hello" });
    expect(refused).toMatchObject({ code: "INVALID_PHONE_NUMBER" });
    expect(isError(refused)).toBe(true);
  });

  it("send stores one message however often its answer is lost", async () => {
    let tries = 0;
    const client = through({
      async fetch(input, init) {
        const answer = await fetch(input, init);
        if (++tries < 3) throw new TypeError("fetch failed");
        return answer;
      },
    });
    const clientRef = `once ${Math.random()}`;
    expect(await client.send({ to: "+421901000000", text: "Hello", clientRef })).toMatchObject({ clientRef });
    expect(tries).toBe(3);
    const stored = await app.services.database.prisma.message.count({ where: { clientRef } });
    expect(stored).toBe(1);
  });

  it("send fails with a typed error when the key is refused", async () => {
    await expect(
      through({ key: "sg_wrong" }).send({ to: "+421901000000", text: "Hello" }),
    ).rejects.toMatchObject({ name: "SmsgraphError", code: "UNAUTHENTICATED" });
  });
});

it.each(["ws", "sse"] as const)(
  "a watch token that expires is replaced by what its function gives, and the stream over %s goes on",
  async (transport) => {
    const [id = ""] = await deliver();
    const create = `mutation ($input: CreateWatchTokenInput!) {
      createWatchToken(input: $input) { ... on WatchToken { token } }
    }`;
    let asked = 0;
    const token = async (): Promise<string> => {
      const input = { messageId: id, expiresInSeconds: asked++ === 0 ? 1 : 60 };
      const made = await app.client.data<{ createWatchToken: { token: string } }>(create, { input });
      return made.createWatchToken.token;
    };
    const client = createClient({ url: `http://127.0.0.1:${proxy.port}`, token, transport });
    const states = client.watchMessage(id);
    expect((await states.next()).value).toMatchObject({ status: "DELIVERED" });
    const next = states.next();
    await eventually(() => asked === 2);
    await move(app, [id], ["READ"]);
    expect((await next).value).toMatchObject({ status: "READ" });
    await states.return();
  },
);

it("a watch token opens the stream of its message, and is asked for at each connection", async () => {
  const [id = ""] = await deliver();
  const { createWatchToken } = await app.client.data<{ createWatchToken: { token: string } }>(
    `mutation ($input: CreateWatchTokenInput!) { createWatchToken(input: $input) { ... on WatchToken { token } } }`,
    { input: { messageId: id } },
  );
  let asked = 0;
  const token = async (): Promise<string> => {
    asked++;
    return createWatchToken.token;
  };
  const client = createClient({ url: `http://127.0.0.1:${proxy.port}/graphql`, token, webSocket: WebSocket });
  const states = client.watchMessage(id);
  expect((await states.next()).value).toMatchObject({ id });
  expect(asked).toBe(1);
  await states.return();
});
