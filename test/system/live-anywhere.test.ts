import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { Deployment } from "../support/deployment.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { eventually, freePort, type SmsgraphProcess } from "../support/process.ts";
import { Follower } from "../support/resuming-follower.ts";

const messages = 30;

const isSame = ({ seen, logged }: { seen: string[]; logged: string[] }): boolean =>
  seen.length === logged.length && seen.every((id, index) => id === logged[index]);

it("a client that resumes misses and repeats nothing, whichever process dies and while PostgreSQL restarts", async () => {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-anywhere-"));
  const settings = { port: String(await freePort()), fsync: "off" };
  let postgres = await startEmbeddedPostgres(directory, settings);
  onTestFinished(async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const deployment = await Deployment.create({ databaseUrl: postgres.url });
  onTestFinished(() => deployment.close());
  const key = deployment.client.key;
  const clients: GraphqlClient[] = [];
  onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));

  const startApi = async (): Promise<{ process: SmsgraphProcess; client: GraphqlClient }> => {
    const port = String(await freePort());
    const process = await deployment.start("api", { PORT: port });
    const client = new GraphqlClient(`http://127.0.0.1:${port}`, key);
    clients.push(client);
    return { process, client };
  };
  // The first one listens where callbacks go; subscribers sit on the others.
  const receiving = await deployment.start("api");
  await deployment.start("worker");
  await deployment.connect();
  const apis = [await startApi(), await startApi()];
  const followers = Array.from({ length: 3 }, () => new Follower());
  const living = (): GraphqlClient[] => apis.map(({ client }) => client);
  await Promise.all(followers.map((follower) => follower.follow(living)));

  const sent: string[] = [];
  for (let number = 0; number < messages; number++) {
    sent.push(await deployment.send(`4219010000${String(number).padStart(2, "0")}`, `key ${number}`));
    if (number === 5) {
      await apis[0]?.process.end("SIGKILL");
      apis[0] = await startApi();
    }
    if (number === 15) {
      await postgres.stop();
      postgres = await startEmbeddedPostgres(directory, settings);
      await eventually(async () => (await fetch(`${deployment.client.url}/readyz`)).ok);
    }
    if (number === 25) {
      await apis[1]?.process.end("SIGTERM");
      apis[1] = await startApi();
    }
  }
  expect(receiving.child.exitCode).toBeNull();
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  onTestFinished(() => database.end());
  const unfinished = "select count(*)::int as count from messages where status <> 'DELIVERED'";
  await eventually(async () => (await database.query<{ count: number }>(unfinished)).rows[0]?.count === 0);
  const readLog = async (): Promise<string[]> => {
    const { rows } = await database.query<{ id: string }>(
      "select tx || '.' || id as id from message_events as e order by e.tx, e.id",
    );
    return rows.map(({ id }) => id);
  };
  expect((await readLog()).length).toBeGreaterThanOrEqual(messages * 4);
  for (const follower of followers) {
    // A receipt may still come, after the last message was delivered.
    await expect.poll(async () => ({ seen: follower.seen, logged: await readLog() })).toSatisfy(isSame);
    follower.end();
    expect(follower.resets).toEqual([]);
    expect(follower.connections).toBeGreaterThan(1);
  }
  expect(new Set(sent).size).toBe(messages);
}, 300_000);
