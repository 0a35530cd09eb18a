import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { Deployment } from "../support/deployment.ts";
import { eventually, freePort, type SmsgraphProcess } from "../support/process.ts";

const patience = 150_000;

/** A PostgreSQL that the test may stop, kill and start. */
async function ownPostgres(): Promise<{ start(): Promise<EmbeddedPostgres>; kill(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-outage-"));
  const settings = { port: String(await freePort()), fsync: "off" };
  let running: EmbeddedPostgres | undefined;
  onTestFinished(async () => {
    await running?.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return {
    start: async () => (running = await startEmbeddedPostgres(directory, settings)),
    async kill() {
      const pid = await readFile(join(directory, "postgres", "postmaster.pid"), "utf8");
      process.kill(Number.parseInt(pid, 10), "SIGKILL");
    },
  };
}

async function readiness({ client }: Deployment): Promise<number> {
  const response = await fetch(`${client.url}/readyz`);
  await response.text();
  return response.status;
}

interface Frame {
  messageEvents: { cursor: string; events?: { message: { to: string }; status: string }[] };
}

/** What a live stream tells from now on, as it arrives. */
async function watchEvents({ client }: Deployment): Promise<string[]> {
  const seen: string[] = [];
  const stream = client.subscribe<Frame>(
    `subscription {
      messageEvents {
        ... on CaughtUp { cursor }
        ... on MessageEventBatch { events { status message { to } } }
      }
    }`,
  );
  await stream.next();
  const watching = (async () => {
    for await (const { data } of stream)
      for (const { message, status } of data?.messageEvents.events ?? [])
        seen.push(`${message.to} ${status}`);
  })();
  // The end of the process breaks it off.
  watching.catch(() => {});
  return seen;
}

/** What a stream tells of one message; the order is left out, since a callback may beat the answer. */
const storyOf = (seen: readonly string[], to: string): string[] =>
  seen.filter((line) => line.startsWith(`+${to} `)).toSorted();

const story = (to: string): string[] =>
  ["DELIVERED", "QUEUED", "SENT", "SUBMITTED", "SUBMITTING"].map((status) => `+${to} ${status}`);

it.each(["stop", "kill"] as const)(
  "smsgraph continues by itself after a %s of PostgreSQL",
  { timeout: patience },
  async (end) => {
    const postgres = await ownPostgres();
    const running = await postgres.start();
    const deployment = await Deployment.create({ databaseUrl: running.url });
    onTestFinished(() => deployment.close());
    const { double } = deployment;
    const app = await deployment.start("all");
    await deployment.connect();
    const seen = await watchEvents(deployment);
    await deployment.send("421901000100");
    await eventually(() => storyOf(seen, "421901000100").length === 5);
    const [answer, report] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    double.plan = ({ to }) =>
      to === "421901000101" ? { answer: answer.promise } : { report: report.promise };
    await deployment.send("421901000101");
    await deployment.send("421901000102");
    await eventually(() => storyOf(seen, "421901000102").includes("+421901000102 SUBMITTED"));

    await (end === "stop" ? running.stop() : postgres.kill());
    await eventually(async () => (await readiness(deployment)) === 503);
    report.resolve();
    await eventually(() => double.callbacks.some((callback) => callback.answer === 503));
    answer.resolve();
    await eventually(() => app.output().includes("could not store how attempts ended, trying again"));
    await postgres.start();
    await eventually(async () => (await readiness(deployment)) === 200);

    await eventually(() => storyOf(seen, "421901000101").includes("+421901000101 DELIVERED"));
    await eventually(() => storyOf(seen, "421901000102").includes("+421901000102 DELIVERED"));
    expect(storyOf(seen, "421901000102")).toEqual(story("421901000102"));
    await deployment.send("421901000103");
    await eventually(() => storyOf(seen, "421901000103").length === 5);
    expect(storyOf(seen, "421901000103")).toEqual(story("421901000103"));
    expect(double.requests).toHaveLength(4);
    expect(await app.end("SIGTERM")).toEqual({ code: 0, signal: null });
  },
);

it(
  "smsgraph continues by itself when its connections are cut again and again",
  { timeout: patience },
  async () => {
    const deployment = await Deployment.create();
    onTestFinished(() => deployment.close());
    const app = await deployment.start("all");
    await deployment.connect();
    for (let round = 0; round < 10; round++) {
      const sent = Array.from({ length: 20 }, (_, index) => sendUntilTaken(deployment, round * 20 + index));
      await Promise.race(sent);
      await cutConnections(deployment);
      await Promise.all(sent);
    }
    await eventually(async () => (await countUnsettled(deployment)) === 0);
    const recipients = deployment.double.requests.map(({ to }) => to);
    expect(new Set(recipients).size).toBe(recipients.length);
    await stillWorks(deployment, app);
  },
);

/** As a client with an idempotency key does when it gets an error instead of an answer. */
async function sendUntilTaken(deployment: Deployment, index: number): Promise<void> {
  const isTaken = (): Promise<boolean> =>
    deployment.send(String(421_901_000_100 + index), `order ${index}`).then(
      () => true,
      () => false,
    );
  await eventually(isTaken);
}

/** On a connection of its own, since every other is cut. */
async function query<Row extends object>({ databaseUrl }: Deployment, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function cutConnections(deployment: Deployment): Promise<void> {
  await query(
    deployment,
    `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`,
  );
}

/** Messages that the provider has and whose end we have not seen, and those that somebody should still send. */
async function countUnsettled(deployment: Deployment): Promise<number> {
  const messages = await query<{ id: string; status: string }>(deployment, "select id, status from messages");
  const accepted = new Set(deployment.double.accepted.map(({ reference }) => reference));
  return messages.filter(({ id, status }) => status !== (accepted.has(id) ? "DELIVERED" : "OUTCOME_UNKNOWN"))
    .length;
}

async function stillWorks(deployment: Deployment, app: SmsgraphProcess): Promise<void> {
  const { double } = deployment;
  const id = await deployment.send("421901009999");
  await eventually(() =>
    double.callbacks.some(({ reference, status }) => reference === id && status === "DELIVRD"),
  );
  expect(await app.end("SIGTERM")).toEqual({ code: 0, signal: null });
}
