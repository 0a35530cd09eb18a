import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Pool } from "undici";
import { post } from "../../src/webhooks/post.ts";

const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const early = "HTTP/1.1 103 Early Hints\r\n\r\n";

/** What comes of a request to an endpoint that answers so, and whether its connection was ended. */
async function answered(answer: string) {
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("close", () => closed.resolve());
    socket.once("data", () => socket.write(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => pool.destroy());
  const request = { method: "POST", path: "/", body: "{}" } as const;
  const outcome = await post(pool, request, 20_000).catch((error: unknown) => error);
  return { outcome, closed: closed.promise };
}

test("an endpoint that sends informational answers without end is given up", async () => {
  const { outcome, closed } = await answered(early.repeat(5_000));
  expect(outcome).toEqual(new Error("The answer is informational (1xx) without end"));
  await closed;
});

test("of an answer in thousands of pieces only the status counts, and its connection is ended", async () => {
  const { outcome, closed } = await answered(`${head}${"1\r\nx\r\n".repeat(5_000)}`);
  expect(outcome).toMatchObject({ statusCode: 200 });
  await closed;
});
