import { connect, type Socket } from "node:net";
import type { LoadOrder, LoadReport } from "./load.ts";

/** The other end of `Load`: requests over connections kept alive, each the next when the one before is answered. */

const headEnd = Buffer.from("\r\n\r\n");

process.on("message", (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report));
});
process.on("disconnect", () => process.exit());

async function run({ url, headers, bodies, connections, seconds }: LoadOrder): Promise<LoadReport> {
  const { hostname, port, pathname, host } = new URL(url);
  const requests = bodies.map((body) => requestOf(pathname, { host, ...headers }, body));
  const latencies: number[] = [];
  const failures: string[] = [];
  const started = performance.now();
  const until = started + seconds * 1000;
  let next = 0;
  const client = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt >= until) return void socket.end(resolve);
        socket.write(requests[next++ % requests.length] ?? "");
      };
      onAnswers(socket, (head, body) => {
        latencies.push(performance.now() - sentAt);
        if (failures.length < 3 && isFailure(head, body))
          failures.push(`${head.split("\r\n")[0]} ${body.toString("utf8")}`);
        send();
      });
      socket.once("connect", send);
      socket.once("error", reject);
    });
  await Promise.all(Array.from({ length: connections }, client));
  return { latencies, perSecond: latencies.length / ((performance.now() - started) / 1000), failures };
}

const isFailure = (head: string, body: Buffer): boolean =>
  !head.startsWith("HTTP/1.1 200") || body.subarray(0, 10).includes('"errors"');

function requestOf(path: string, headers: Record<string, string>, body: string): Buffer {
  const all = { "content-type": "application/json", ...headers, "content-length": Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** Calls `take` with each whole answer, whose length is announced or whose chunks have come to their end. */
function onAnswers(socket: Socket, take: (head: string, body: Buffer) => void): void {
  let held: Buffer | undefined;
  socket.on("data", (data: Buffer) => {
    const whole: Buffer = held ? Buffer.concat([held, data]) : data;
    held = whole;
    const at = whole.indexOf(headEnd);
    if (at < 0) return;
    const head = whole.toString("latin1", 0, at);
    const length = /content-length: *(\d+)/i.exec(head)?.[1];
    const isWhole =
      length === undefined
        ? whole.subarray(-5).toString("latin1") === "0\r\n\r\n"
        : whole.length >= at + 4 + Number(length);
    if (!isWhole) return;
    held = undefined;
    take(head, whole.subarray(at + 4));
  });
}
