import { expect, it, onTestFinished } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { Deployment } from "../support/deployment.ts";
import { startFollowers, type Following } from "../support/followers.ts";
import { eventually, freePort } from "../support/process.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

const messages = 40;

/** Between the first frame and a long replay: each size of connection comes as often as its double. */
const cutAfterBytes = (): number => 400 * 2 ** (Math.random() * 11);

const isDone = ({ seen, ending }: Following, length: number): boolean =>
  ending !== undefined || seen.length >= length;

it("every adapter of the client package logs what the table has, over cut sockets and killed and restarted servers", async () => {
  const deployment = await Deployment.create();
  onTestFinished(() => deployment.close());
  await deployment.start("all");
  await deployment.connect();
  const port = await freePort();
  const variables = { PORT: String(port) };
  let server = await deployment.start("api", variables);
  let isRough = true;
  const proxy = await startTcpProxy(port, {
    cutAfterBytes: () => (isRough ? cutAfterBytes() : Infinity),
  });
  onTestFinished(() => proxy.close());
  const url = `http://127.0.0.1:${proxy.port}`;
  const followers = startFollowers({ url, key: deployment.client.key ?? "" });
  onTestFinished(() => {
    for (const { close } of followers.values()) close();
  });
  await eventually(() => [...followers.values()].every(({ isOpen }) => isOpen));

  for (let number = 0; number < messages; number++) {
    await deployment.send(`4219010000${String(number).padStart(2, "0")}`);
    if (number % 10 === 4) {
      await server.end(number === 14 ? "SIGTERM" : "SIGKILL");
      await deployment.send(`4219010001${String(number).padStart(2, "0")}`);
      server = await deployment.start("api", variables);
    }
    if (number % 10 === 9) proxy.cut();
  }
  const unfinished = "select count(*)::int as count from messages where status <> 'DELIVERED'";
  await eventually(async () => {
    const { rows } = await deployment.database.query<{ count: number }>(unfinished);
    return rows[0]?.count === 0;
  });
  // Otherwise a long replay could be broken off again and again.
  isRough = false;
  const log = async (): Promise<string[]> => {
    const { rows: lines } = await deployment.database.query<{ id: string }>(
      "select tx || '.' || id as id from message_events as e order by e.tx, e.id",
    );
    return lines.map(({ id }) => id);
  };
  await eventually(
    async () => {
      const { length } = await log();
      return [...followers.values()].every((each) => isDone(each, length));
    },
    { timeoutSeconds: 90 },
  ).catch(() => undefined);
  const logged = await log();
  for (const [name, { seen, ending }] of followers) {
    expect(ending, name).toBeUndefined();
    expect(
      seen.map((id) => decodeId("MessageEvent", id)),
      name,
    ).toEqual(logged);
  }
  expect(logged.length).toBeGreaterThanOrEqual(messages * 4);
  expect(proxy.count()).toBeGreaterThan(followers.size * 4);
}, 240_000);
