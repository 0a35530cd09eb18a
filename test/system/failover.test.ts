import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { Deployment } from "../support/deployment.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { eventually, freePort } from "../support/process.ts";
import { Replicas } from "../support/replicas.ts";
import { Follower } from "../support/resuming-follower.ts";

const messages = 40;
const primaryDiesAfter = 15;

// Uses the tools of a Unix.
it.skipIf(process.platform === "win32")(
  "when PostgreSQL's primary is killed and its standby promoted, nothing acknowledged is lost or sent twice, and clients and workers go on",
  { timeout: 300_000 },
  async () => {
    const replicas = await Replicas.start();
    onTestFinished(() => replicas.close());
    const deployment = await Deployment.create({ databaseUrl: replicas.url });
    onTestFinished(() => deployment.close());
    await deployment.start("api");
    await deployment.start("worker");
    await deployment.connect();
    const port = String(await freePort());
    await deployment.start("api", { PORT: port });
    const other = new GraphqlClient(`http://127.0.0.1:${port}`, deployment.client.key);
    onTestFinished(() => other.close());
    const followers = [new Follower(), new Follower()];
    onTestFinished(() => followers.forEach((follower) => follower.end()));
    await Promise.all(followers.map((follower) => follower.follow(() => [other, deployment.client])));

    const acknowledged: string[] = [];
    let failedOver: Promise<void> = Promise.resolve();
    for (let number = 0; number < messages; number++) {
      if (number === primaryDiesAfter) failedOver = failOver(replicas);
      acknowledged.push(await sendUntilAcknowledged(deployment, number));
    }
    await failedOver;

    const database = new Client({ connectionString: replicas.standbyUrl });
    onTestFinished(() => database.end());
    await database.connect();
    const count = async (condition: string): Promise<number> => {
      const text = `select count(*)::int as count from messages where ${condition}`;
      return (await database.query<{ count: number }>(text)).rows[0]?.count ?? 0;
    };
    await eventually(async () => (await count("status not in ('DELIVERED', 'OUTCOME_UNKNOWN')")) === 0, {
      timeoutSeconds: 120,
    });
    const { rows } = await database.query<{ id: string }>("select id from messages");
    const stored = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(await count("true")).toBe(messages);
    const references = deployment.double.accepted.map(({ reference }) => reference);
    expect(new Set(references).size).toBe(references.length);

    let logged: string[] = [];
    await eventually(async () => {
      const log = await database.query<{ id: string }>(
        "select tx || '.' || id as id from message_events as e order by e.tx, e.id",
      );
      logged = log.rows.map(({ id }) => id);
      return followers.every(({ seen }) => seen.length >= logged.length);
    });
    for (const follower of followers) {
      expect(follower.seen.slice(0, logged.length)).toEqual(logged);
      expect(follower.resets).toEqual([]);
    }
  },
);

async function failOver(replicas: Replicas): Promise<void> {
  await replicas.killPrimary();
  await new Promise((done) => setTimeout(done, 1_000));
  await replicas.promote();
}

/** What is not acknowledged is asked for again, under the same key. */
async function sendUntilAcknowledged(deployment: Deployment, number: number): Promise<string> {
  for (;;) {
    try {
      return await deployment.send(`4219010000${String(number).padStart(2, "0")}`, `key ${number}`);
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
