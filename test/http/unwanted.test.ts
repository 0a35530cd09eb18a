import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { CountedRequest } from "../../src/http/chunk-cost.ts";
import { UnwantedBodies, type UnwantedLimits } from "../../src/http/unwanted.ts";

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Refuses every request before its body has come. */
async function refuseAll(limits: UnwantedLimits, look?: (request: IncomingMessage) => void): Promise<number> {
  const unwanted = new UnwantedBodies(limits);
  server = createServer({ IncomingMessage: CountedRequest }, (request, response) => {
    look?.(request);
    unwanted.dropAfter(response);
    response.writeHead(401).end("no key");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Sends so many bytes and looks for the answer only then, as many clients do. The status, or that it was cut off. */
async function upload(port: number, bytes: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const closed = new Promise((done) => socket.once("close", done));
  socket.write(`POST / HTTP/1.1\r\nhost: test\r\ncontent-length: ${bytes}\r\n\r\n`);
  const sent = new Promise<void>((done) => socket.write(Buffer.alloc(bytes), (error) => !error && done()));
  const hasSent = await Promise.race([sent.then(() => true), closed.then(() => false)]);
  if (!hasSent) return "cut off";
  const answer = socket.read() as Buffer | null;
  return String(answer ?? (await once(socket, "data"))[0]).slice(9, 12);
}

const megabyte = 1024 * 1024;

it("a client that looks for the answer only after its whole body sees that it was refused", async () => {
  const port = await refuseAll({ turnBytes: 64 * 1024, turnMs: 1, waiting: 8 });
  expect(await upload(port, 8 * megabyte)).toBe("401");
});

it("refused bodies take turns, so that each comes to its end", async () => {
  const port = await refuseAll({ turnBytes: 64 * 1024, turnMs: 1, waiting: 8 });
  const answers = await Promise.all(Array.from({ length: 6 }, () => upload(port, 6 * megabyte)));
  expect(answers).toEqual(Array.from({ length: 6 }, () => "401"));
});

it("where too many refused bodies wait, the next are cut off, and the others come to their end", async () => {
  const port = await refuseAll({ turnBytes: 64 * 1024, turnMs: 5, waiting: 2 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => upload(port, 8 * megabyte)));
  expect(new Set(answers)).toEqual(new Set(["401", "cut off"]));
});

it("turns that come late because the process is busy make up for those that did not come", async () => {
  const [turnBytes, turnMs, bytes] = [64 * 1024, 10, 8 * megabyte];
  let turns = 0;
  const port = await refuseAll({ turnBytes, turnMs, waiting: 8 }, (request) => {
    const resume = request.resume.bind(request);
    request.resume = () => {
      turns++;
      return resume();
    };
  });
  const busy = setInterval(() => {
    const until = performance.now() + 5 * turnMs;
    while (performance.now() < until);
  });
  expect(await upload(port, bytes)).toBe("401");
  clearInterval(busy);
  expect(turns).toBeLessThan(bytes / turnBytes / 2);
});

it("less is read in a turn of what comes in short chunks, since each costs more than its bytes", async () => {
  const turnBytes = 64 * 1024;
  let refused: IncomingMessage | undefined;
  let bytes = 0;
  const port = await refuseAll({ turnBytes, turnMs: 60_000, waiting: 8 }, (request) => {
    refused = request.on("data", ({ length }: Buffer) => (bytes += length));
  });
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  socket.write("POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
  socket.write(`80\r\n${"x".repeat(128)}\r\n`.repeat(4_000));
  await expect.poll(() => refused?.isPaused()).toBe(true);
  expect(bytes).toBeLessThan(0.75 * turnBytes);
  socket.destroy();
});

it("a refused request ends with its connection, and one that is cut off is not read on", async () => {
  const requests: IncomingMessage[] = [];
  const port = await refuseAll({ turnBytes: 64 * 1024, turnMs: 60_000, waiting: 1 }, (request) => {
    requests.push(request);
  });
  const sockets = [0, 1].map(() => connect(port, "127.0.0.1").on("error", () => undefined));
  for (const socket of sockets) {
    socket.write(`POST / HTTP/1.1\r\nhost: test\r\ncontent-length: ${8 * megabyte}\r\n\r\n`);
    socket.write(Buffer.alloc(8 * megabyte));
    await once(socket, "data");
  }
  // The first waits for its turn, and the second has no place to wait.
  await Promise.all(requests.slice(1).map(async (request) => request.destroyed || once(request, "close")));
  expect(requests.map(({ destroyed }) => destroyed)).toEqual([false, true]);
  sockets[0]?.destroy();
  await vi.waitUntil(() => requests[0]?.destroyed, 10_000);
});
