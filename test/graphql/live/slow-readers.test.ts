import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import {
  frameOf,
  loggedIds,
  logId,
  addLines,
  openStream,
  sendAll,
  takeEvents,
  watchEvents,
  type LiveFrame,
} from "../../support/live.ts";

const maxUnreadBytes = 64 * 1024;
const stallMs = 300;
/** Frames of about 300 KB: what the kernel takes by itself is full after some dozens. */
const text = "x".repeat(600);
const query = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status message { a: text b: text c: text d: text e: text } } }
    ... on CaughtUp { cursor }
  }
}`;

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let ids: string[];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, readerLimits: { maxUnreadBytes, stallMs } });
  ({ sandbox } = await connectTestSandbox(app));
  ({ ids } = await sendAll(
    app,
    Array.from({ length: 100 }, () => ({ text })),
  ));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

/** Writes until `over` says so, much more than any buffer holds. */
async function flood(over: () => boolean): Promise<number> {
  let rounds = 0;
  for (; !over(); rounds++) {
    if (rounds > 2_000) throw new Error("It never ends");
    await addLines(app, ids);
  }
  return rounds;
}

interface RawReader {
  socket: WebSocket;
  tcp: Socket;
  cursors: string[];
  /** The log ids of the events that came. */
  seen: string[];
}

/** A subscription of which the test decides whether its TCP connection is read. */
async function openRaw({ url }: TestApp): Promise<RawReader> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const opened = once(socket, "open");
  const [{ socket: tcp }] = (await once(socket, "upgrade")) as [{ socket: Socket }];
  await opened;
  const [cursors, seen]: [string[], string[]] = [[], []];
  socket.send(JSON.stringify({ type: "connection_init", payload: app.client.headers }));
  await once(socket, "message");
  socket.on("message", (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString("utf8"));
    if (type !== "next") return;
    const { cursor, events = [] } = payload.data.messageEvents as LiveFrame;
    cursors.push(cursor);
    seen.push(...events.map(logId));
  });
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  await once(socket, "message");
  return { socket, tcp, cursors, seen };
}

describe("a WebSocket that is not read", () => {
  it("an unread WebSocket is closed with 4413; it misses nothing when it comes back, and others miss nothing either", async () => {
    const stalled = await openRaw(app);
    const other = await openStream(app.client);
    const before = await loggedIds(app);
    stalled.tcp.pause();
    const closed = once(stalled.socket, "close") as Promise<[number, Buffer]>;
    const streams = app.services.streams.size;
    const rounds = await flood(() => app.services.streams.size < streams);
    const seen = await takeEvents(other, rounds * ids.length);
    const logged = await loggedIds(app);
    expect(seen.map(logId)).toEqual(logged.slice(before.length));
    stalled.tcp.resume();
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4413, expect.stringContaining("cursor")]);
    await other.return?.();

    expect(stalled.cursors.length).toBeGreaterThan(1);
    const missed: string[] = [];
    for await (const result of watchEvents(app.client, { after: stalled.cursors.at(-1) })) {
      const frame = frameOf(result);
      missed.push(...(frame.events ?? []).map(logId));
      if (frame.__typename === "CaughtUp") break;
    }
    expect(missed).not.toHaveLength(0);
    expect([...stalled.seen, ...missed]).toEqual(logged.slice(before.length));
  });

  it("a WebSocket that is read again in time continues where it was", async () => {
    const patient = await startTestApp({
      databaseUrl: app.databaseUrl,
      secretKey: app.secretKey,
      runsWorker: false,
      readerLimits: { maxUnreadBytes, stallMs: 60_000 },
    });
    const { socket, tcp, seen } = await openRaw(patient);
    const before = await loggedIds(app);
    tcp.pause();
    // Until it is no longer handed what comes: it waits for its reader instead of for events.
    const { feed } = patient.services;
    const waiting = feed.waiting;
    await flood(() => feed.waiting < waiting);
    for (let more = 0; more < 20; more++) await addLines(app, ids);
    tcp.resume();
    const logged = (await loggedIds(app)).slice(before.length);
    await expect.poll(() => seen.length).toBe(logged.length);
    expect(seen).toEqual(logged);
    socket.close();
    await patient.stop();
  });
});

describe("an event stream that is not read", () => {
  it("an unread event stream is cut off while others miss nothing", async () => {
    const { hostname, port } = new URL(app.url);
    const tcp = connect(Number(port), hostname);
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    const authorization = app.client.headers["authorization"] ?? "";
    tcp.write(
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: ${authorization}\r\n\r\n`,
    );
    let head = "";
    while (!head.includes("CaughtUp")) head += String((await once(tcp, "data"))[0]);
    tcp.pause();
    const other = await openStream(app.client);
    const before = await loggedIds(app);
    const streams = app.services.streams.size;
    const rounds = await flood(() => app.services.streams.size < streams);
    const seen = await takeEvents(other, rounds * ids.length);
    expect(seen.map(logId)).toEqual((await loggedIds(app)).slice(before.length));
    const ended = Promise.race([once(tcp, "close"), once(tcp, "error")]);
    tcp.resume();
    await ended;
    await other.return?.();
  });
});
