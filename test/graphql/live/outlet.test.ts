import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Outlet } from "../../../src/graphql/live/outlet.ts";
import { defaultReaderLimits } from "../../../src/graphql/live/reader-limits.ts";

it("an outlet sends texts of any length whole, between the socket's own frames", async () => {
  const lengths = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 300_000];
  const first = Buffer.from("é");
  const texts = lengths.map((length) => "x".repeat(length));
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      Outlet.open(socket, connection, defaultReaderLimits);
      for (const text of texts) {
        Outlet.of(socket).send(first, Buffer.from(text));
        socket.send("own");
      }
      socket.close(1000);
      // It is not for a closed one.
      Outlet.of(socket).send(first, Buffer.from(randomUUID()));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  client.on("message", (data: Buffer) => received.push(data.toString("utf8")));
  expect((await once(client, "close"))[0]).toBe(1000);
  expect(received).toEqual(texts.flatMap((text) => [`é${text}`, "own"]));
  server.close();
});

it("a shared text reaches each socket with its own beginning, even if some are slow to read", async () => {
  const shared = Array.from({ length: 1_000 }, (_, index) => Buffer.from(`${index} `.repeat(3_000)));
  const ids = ["slow", "quick", "another that is longer"];
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const opened: { socket: WebSocket; id: Buffer; waits: () => boolean }[] = [];
  const all = Promise.withResolvers<void>();
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      Outlet.open(socket, connection, defaultReaderLimits);
      const id = Buffer.from((request.url ?? "").slice(1));
      opened.push({ socket, id, waits: () => connection.writableLength > 0 });
      if (opened.length === ids.length) all.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients = ids.map((id) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${encodeURIComponent(id)}`);
    const received: string[] = [];
    socket.on("message", (data: Buffer) => received.push(data.toString("utf8")));
    return { id, socket, received };
  });
  await all.promise;
  const [slow] = clients;
  if (slow?.socket.readyState !== WebSocket.OPEN) await once(slow?.socket ?? server, "open");
  slow?.socket.pause();
  let waited = 0;
  for (const text of shared) {
    for (const { socket, id, waits } of opened) {
      Outlet.of(socket).send(id, text);
      if (waits()) waited++;
    }
    await new Promise(setImmediate);
  }
  expect(waited).toBeGreaterThan(0);
  const closed = clients.map(({ socket }) => once(socket, "close"));
  slow?.socket.resume();
  for (const { socket } of opened) socket.close(1000);
  await Promise.all(closed);
  for (const { id, received } of clients) {
    expect(received).toEqual(shared.map((text) => `${encodeURIComponent(id)}${text.toString()}`));
  }
  server.close();
});
