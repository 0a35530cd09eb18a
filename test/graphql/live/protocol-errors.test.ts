import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { startTestApp, type TestApp } from "../../support/app.ts";

const init = JSON.stringify({ type: "connection_init" });
const subscribe = JSON.stringify({ type: "subscribe", id: "1", payload: { query: "{ __typename }" } });

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

async function connect(protocols: string[]): Promise<WebSocket> {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, protocols);
  await once(socket, "open");
  return socket;
}

it.each([
  ["is not JSON", "{", 4400],
  ["is the text of a message, as JSON", JSON.stringify(init), 4400],
  ["is null", "null", 4400],
  ["has no type", "{}", 4400],
  ["has a type that does not exist", '{"type":"no"}', 4400],
  ["subscribes before it is known who is there", subscribe, 4401],
])("a socket is closed when its message %s", async (_problem, text, code) => {
  const socket = await connect(["graphql-transport-ws"]);
  const closed = once(socket, "close");
  socket.send(text);
  expect((await closed)[0]).toBe(code);
});

/** A short text frame; the mask is zero. */
const frame = (text: string) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);

it("nothing more is parsed or read of a socket that was closed for a bad message", async () => {
  const parse = vi.spyOn(JSON, "parse");
  const later = '{"type":"after the end"';
  const socket = await connect(["graphql-transport-ws"]);
  const carrier = Reflect.get(socket, "_socket") as Socket;
  // It does not agree to be closed, and sends on.
  socket.pause();
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => frame(later)));
  const ended = new Promise((done) => carrier.once("close", done));
  socket.on("error", () => undefined);
  carrier.on("error", () => undefined);
  const beganAt = performance.now();
  carrier.write(Buffer.concat([frame("{"), flood]));
  const timer = setInterval(() => carrier.write(flood), 50);
  await ended;
  clearInterval(timer);
  expect(performance.now() - beganAt).toBeLessThan(3_000);
  expect(parse.mock.calls.flat()).toContain("{");
  expect(parse.mock.calls.flat()).not.toContain(later);
  parse.mockRestore();
});

it("a socket is closed when its message has a million objects", async () => {
  const socket = await connect(["graphql-transport-ws"]);
  const known = once(socket, "message");
  const authorization = app.client.headers["authorization"];
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
  await known;
  const closed = once(socket, "close");
  socket.send(
    `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":{"a":[${"{},".repeat(1_000_001)}{}]}}}`,
  );
  const [code, reason] = (await closed) as [number, Buffer];
  expect(code).toBe(1009);
  expect(String(reason)).toBe("The message has more than 1300000 values");
});

it("messages behind a large one are read after it, in their order", async () => {
  const socket = await connect(["graphql-transport-ws"]);
  const answered = new Set<string>();
  socket.on("message", (data: Buffer) =>
    answered.add((JSON.parse(data.toString()) as { id?: string }).id ?? "known"),
  );
  const authorization = app.client.headers["authorization"];
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
  await once(socket, "message");
  const ask = (id: string, note: string): void =>
    socket.send(
      JSON.stringify({
        id,
        type: "subscribe",
        payload: { query: `subscription ${id} { messageChanged(id: "x") { cursor } }`, variables: { note } },
      }),
    );
  ask("first", "x".repeat(200_000));
  ask("second", "short");
  ask("third", "x".repeat(200_000));
  ask("fourth", "short");
  // Each is refused, for its id is of nothing; the socket is read again after them.
  await vi.waitUntil(() => answered.size === 5, 10_000);
  socket.send(JSON.stringify({ type: "ping" }));
  await once(socket, "message");
  expect([...answered]).toEqual(["known", "first", "second", "third", "fourth"]);
  socket.close();
});

it("a socket that introduces itself twice is closed", async () => {
  const socket = await connect(["graphql-transport-ws"]);
  const closed = once(socket, "close");
  socket.send(init);
  socket.send(init);
  expect((await closed)[0]).toBe(4429);
});

it.each([
  ["does not say which protocol it speaks", []],
  ["speaks the old protocol of subscriptions-transport-ws", ["graphql-ws"]],
])("a socket that %s is closed with the name of the right protocol", async (_what, protocols) => {
  const socket = await connect(protocols);
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  expect(code).toBe(4406);
  expect(String(reason)).toContain("Speak graphql-transport-ws (npm package graphql-ws)");
});

it("a client of subscriptions-transport-ws is told what to use in a message that it shows", async () => {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, ["graphql-ws"]);
  const [message] = (await once(socket, "message")) as [Buffer];
  expect(JSON.parse(String(message))).toMatchObject({
    type: "connection_error",
    payload: { message: expect.stringContaining("Speak graphql-transport-ws") },
  });
});

it("the protocol graphql-transport-ws is chosen for a client that offers both", async () => {
  const socket = await connect(["graphql-ws", "graphql-transport-ws"]);
  expect(socket.protocol).toBe("graphql-transport-ws");
  socket.close();
});

it.each([
  ["short", "1"],
  ["long", "é".repeat(120)],
])("a socket with two operations of one %s id is closed", async (_length, id) => {
  const socket = await connect(["graphql-transport-ws"]);
  socket.send(JSON.stringify({ type: "connection_init", payload: app.client.headers }));
  await once(socket, "message");
  const closed = once(socket, "close");
  const query = "subscription { balanceChanged { __typename } }";
  const twice = JSON.stringify({ type: "subscribe", id, payload: { query } });
  socket.send(twice);
  socket.send(twice);
  expect((await closed)[0]).toBe(4409);
});

it("the server is still there after a frame that no WebSocket may send, and counts no error of its own", async () => {
  const socket = await connect(["graphql-transport-ws"]);
  const closed = once(socket, "close");
  // A reserved opcode.
  (Reflect.get(socket, "_socket") as Socket).write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
  expect((await closed)[0]).toBe(1002);
  const text = await (await fetch(`${app.url}/metrics`)).text();
  expect(text).toMatch(/^smsgraph_internal_errors_total 0$/m);
});

it("an answer to a socket that has gone is no trouble of the database's", async () => {
  const refused = JSON.stringify({ type: "subscribe", id: "1", payload: { query: "{ none }" } });
  for (let turn = 0; turn < 20; turn++) {
    const socket = await connect(["graphql-transport-ws"]);
    socket.on("error", () => undefined);
    socket.send(init);
    await once(socket, "message");
    for (let n = 0; n < 200; n++) socket.send(refused);
    const carrier = Reflect.get(socket, "_socket") as Socket;
    await new Promise((done) => carrier.write("", done));
    carrier.resetAndDestroy();
  }
  // By then it has found out about the sockets.
  for (let turn = 0; turn < 100; turn++) await (await fetch(`${app.url}/healthz`)).text();
  expect(app.log.join("")).not.toContain("no connection to the database");
});
