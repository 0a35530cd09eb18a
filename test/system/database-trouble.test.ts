import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, type TestContext } from "vitest";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { migrate } from "../../src/database/migrate.ts";
import { whileClientWaits } from "../../src/lib/waited-for.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { leakIn } from "../support/leaks.ts";
import { eventually } from "../support/process.ts";

const patience = 300_000;

/** smsgraph with a PostgreSQL of its own in `directory`. */
async function startIn(directory: string) {
  const postgres = await startEmbeddedPostgres(directory, { fsync: "off", max_wal_size: "32MB" });
  onTestFinished(() => postgres.stop());
  await migrate(postgres.url);
  const app = await startTestApp({ databaseUrl: postgres.url, databasePoolSize: 3, runsWorker: false });
  onTestFinished(() => app.stop());
  const pid = Number.parseInt(await readFile(join(directory, "postgres/postmaster.pid"), "utf8"), 10);
  return { postgres, app, pid };
}

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-trouble-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function readiness({ url }: TestApp): Promise<string> {
  const response = await fetch(`${url}/readyz`);
  return `${response.status} ${(await response.text()).trim()}`;
}

const ready = "200 ready";

/** Signals the server and each process that it has made. */
function signal(pid: number, name: NodeJS.Signals): void {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  for (const one of [pid, ...children.trim().split(/\s+/).map(Number)]) {
    try {
      process.kill(one, name);
    } catch {
      // It has just ended.
    }
  }
}

const connect = `mutation {
  connectProvider(input: { qikli: { name: "Q", username: "u", password: "p", baseUrl: "http://127.0.0.1:9", defaultSender: "q" } }) {
    ... on Provider { id } } }`;

/** By Prisma and by named statements. */
const queries = [
  "{ messages(first: 1) { edges { node { id } } } }",
  "{ providers { name } }",
  "{ campaigns(first: 1) { edges { node { id } } } }",
];
const changes = [
  'mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { ... on Message { id } } }',
  'mutation { createApiKey(input: { name: "x", scopes: [READ] }) { ... on CreatedApiKey { secret } } }',
  connect,
];

async function expectUnavailable(app: TestApp, words: RegExp): Promise<void> {
  for (const operation of [...queries, ...changes]) {
    const answer = await app.client.send(operation);
    expect
      .soft(answer.errors, operation)
      .toMatchObject([{ message: expect.stringMatching(words), extensions: { code: "UNAVAILABLE" } }]);
    expect.soft(leakIn(answer)).toBeUndefined();
  }
}

it("readiness and queries say that the database refuses connections", { timeout: patience }, async () => {
  const { postgres, app } = await startIn(await newDirectory());
  await app.client.data("{ viewer { keyName } }");
  expect(await readiness(app)).toBe(ready);
  await postgres.stop();
  await eventually(
    async () => (await readiness(app)) === "503 not ready: there is no connection to the database",
  );
  await expectUnavailable(app, /no connection to the database. Try again/);
  const stranger = await fetch(`${app.url}/callbacks/${crypto.randomUUID()}/x`, {
    method: "POST",
    body: "{}",
  });
  expect(stranger.status).toBe(503);
});

it("readiness says that the database stands still, and that it is back", { timeout: patience }, async () => {
  const { app, pid } = await startIn(await newDirectory());
  expect(await readiness(app)).toBe(ready);
  signal(pid, "SIGSTOP");
  onTestFinished(() => signal(pid, "SIGCONT"));
  expect(await readiness(app)).toBe("503 not ready: the database stands still");
  const waiting = app.client.send(queries[0] ?? "");
  expect(await readiness(app)).toBe("503 not ready: the database stands still");
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  signal(pid, "SIGCONT");
  await eventually(async () => (await readiness(app)) === ready);
  await waiting;
});

const sendOnce = `mutation { sendMessage(input: { to: "+421901000000", text: "x", idempotencyKey: "once" }) {
  ... on Message { id } ... on Error { code message } } }`;

it(
  "requests under way when the database stands still are given up, and a repeated change is made once",
  { timeout: patience },
  async () => {
    const { app, pid } = await startIn(await newDirectory());
    await app.client.data(connect);
    const standStill = async (operation: string): Promise<object[] | undefined> => {
      await app.client.data(queries[0] ?? "");
      signal(pid, "SIGSTOP");
      const { errors } = await app.client.send(operation);
      signal(pid, "SIGCONT");
      await eventually(async () => (await readiness(app)) === ready);
      return errors;
    };
    onTestFinished(() => signal(pid, "SIGCONT"));
    expect(await standStill(queries[0] ?? "")).toMatchObject([
      { message: expect.stringContaining("the database stands still"), extensions: { code: "UNAVAILABLE" } },
    ]);
    expect(await standStill(sendOnce)).toMatchObject([
      {
        message: expect.stringMatching(/not known whether the change was made.*same `idempotencyKey`/),
        extensions: { code: "UNAVAILABLE" },
      },
    ]);
    const again = await app.client.data<object>(sendOnce);
    expect(await app.client.data<object>(sendOnce)).toEqual(again);
    const all = "{ messages(first: 10) { edges { node { id } } } }";
    const { messages } = await app.client.data<{ messages: { edges: unknown[] } }>(all);
    expect(messages.edges).toHaveLength(1);
  },
);

it(
  "a statement that takes long is not given up while the database answers",
  { timeout: patience },
  async () => {
    const { app } = await startIn(await newDirectory());
    const slow = { name: "slow", text: "select pg_sleep(8)::text" };
    await whileClientWaits(() => app.services.database.query(slow, []));
  },
);

it("readiness and changes say that the disk of the database is full", { timeout: patience }, async (test) => {
  const directory = await newDirectory();
  mountSmallDisk(directory, test);
  const { app } = await startIn(directory);
  await app.client.data(connect);
  expect(await readiness(app)).toBe(ready);
  const acknowledged: string[] = [];
  const send = async (): Promise<boolean> => {
    const { data } = await app.client.send<{ sendMessage: { id: string } }>(changes[0] ?? "");
    if (data) acknowledged.push(data.sendMessage.id);
    return data !== undefined;
  };
  await send();
  const ballast = join(directory, "ballast");
  const fill = (): void => void spawnSync("sh", ["-c", 'head -c 1G /dev/zero >> "$0"', ballast]);
  await eventually(async () => {
    fill();
    await send();
    return (await readiness(app)) === "503 not ready: the disk of the database is full";
  });
  for (const query of queries) await app.client.data(query);
  for (const change of changes.slice(0, 2)) {
    // The first ones may still find room in pages that are there.
    const failed = Promise.withResolvers<object>();
    await eventually(async () => {
      const { errors } = await app.client.send(change);
      if (errors) failed.resolve(errors);
      return errors !== undefined;
    });
    expect(await failed.promise).toMatchObject([
      {
        message: expect.stringMatching(/the disk of the database is full. Try again/),
        extensions: { code: "UNAVAILABLE" },
      },
    ]);
  }
  expect(app.log.join("")).toContain("the disk of the database is full");
  await rm(ballast);
  await eventually(async () => (await readiness(app)) === ready);
  for (const change of changes) await app.client.data(change);
  // Nothing is missing that was acknowledged while the disk filled up.
  const { nodes } = await app.client.data<{ nodes: ({ id: string } | null)[] }>(
    "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    { ids: acknowledged },
  );
  expect(nodes.map((node) => node?.id)).toEqual(acknowledged);
});

/** Only root may. */
function mountSmallDisk(directory: string, test: TestContext): void {
  chmodSync(directory, 0o755);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=140m,mode=755", "none", directory]);
  if (mounted.status !== 0) test.skip("a small disk cannot be mounted here");
  onTestFinished(() => void spawnSync("umount", ["-l", directory]));
}
