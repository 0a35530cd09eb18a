import { connect, type Socket } from "node:net";
import type { Load, LoadResult } from "./http-load.ts";

/**
 * The other end of `HttpLoad`: posts bodies over plain sockets that stay open, each its next one when the last is
 * answered. Not an HTTP client: one of those costs more than many a server, and they share the machine.
 */

process.on("message", (load: Load) => void run(load).then((result) => process.send?.(result)));
process.on("disconnect", () => process.exit());

async function run(load: Load): Promise<LoadResult> {
  const requests = load.bodies.map((body) => requestOf(load, body));
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  let next = 0;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: load.connections }, () => work(load, () => requests[next++], latencies, statuses)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, latencies, statuses, cpuSeconds: (user + system) / 1e6 };
}

function requestOf({ url, contentType, headers = {} }: Load, body: string): Buffer {
  const { host, pathname } = new URL(url);
  const content = Buffer.from(body);
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${contentType}\r\n${own.join("")}content-length: ${content.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}

/** One connection: asks, waits for the whole answer, and asks again, until there is nothing more to ask. */
function work(
  { url }: Load,
  take: () => Buffer | undefined,
  latencies: number[],
  statuses: Record<string, number>,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let askedAt = 0;
  let received = "";
  const ask = (): void => {
    const request = take();
    if (!request) {
      socket.end();
      return resolve();
    }
    askedAt = performance.now();
    socket.write(request);
  };
  socket.on("connect", ask);
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("The server closed a connection")));
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
    if (!isWhole(received)) return;
    latencies.push(performance.now() - askedAt);
    const status = received.slice(9, 12);
    statuses[status] = (statuses[status] ?? 0) + 1;
    received = "";
    ask();
  });
  return promise;
}

/** Whether a response is there to its end: by its length, or by its last chunk. */
function isWhole(response: string): boolean {
  const end = response.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(response.slice(0, end))?.[1];
  return length === undefined ? response.endsWith("0\r\n\r\n") : response.length >= end + 4 + Number(length);
}
