import { spawn } from "node:child_process";
import { on, once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { eventually, freePort, isAlive, startProcess, type SmsgraphProcess } from "../support/process.ts";

const patience = 300_000;

/** As short as it gets: what a person configures who configures nothing. */
function start(directory: string, variables: Record<string, string> = {}): SmsgraphProcess {
  const process = startProcess({ DATA_DIR: directory, PORT: "0", ...variables });
  onTestFinished(async () => void (await process.end("SIGKILL")));
  return process;
}

const clean = { code: 0, signal: null };
const failed = { code: 1, signal: null };

const newDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), "smsgraph-start-"));

const pidFile = (directory: string): string => join(directory, "postgres", "postmaster.pid");

const postgresPid = async (directory: string): Promise<number> =>
  Number.parseInt(await readFile(pidFile(directory), "utf8"), 10);

async function providersOf(process: SmsgraphProcess): Promise<string[]> {
  const client = new GraphqlClient(process.url(), process.key());
  const { providers } = await client.data<{ providers: { name: string }[] }>("{ providers { name } }");
  return providers.map(({ name }) => name);
}

async function messagesOf(process: SmsgraphProcess): Promise<number> {
  const client = new GraphqlClient(process.url(), process.key());
  const query = "{ messages(first: 10) { edges { node { id } } } }";
  return (await client.data<{ messages: { edges: object[] } }>(query)).messages.edges.length;
}

describe("with nothing configured", { timeout: patience }, () => {
  let directory: string;

  beforeAll(async () => {
    directory = await newDirectory();
    const first = startProcess({ DATA_DIR: directory, PORT: "0" });
    await first.ready;
    const client = new GraphqlClient(first.url(), first.key());
    await client.data(
      `mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) { ... on Message { id } } }`,
    );
    const pid = await postgresPid(directory);
    expect(await first.end("SIGINT")).toEqual(clean);
    expect(isAlive(pid)).toBe(false);
  }, patience);

  afterAll(async () => {
    // Whatever a failed test left running.
    await (await startEmbeddedPostgres(directory)).stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** The process finds what the first one left, and ends as it should. */
  async function expectWorking(process: SmsgraphProcess): Promise<void> {
    await process.ready;
    expect(await messagesOf(process)).toBe(1);
    const pid = await postgresPid(directory);
    expect(await process.end("SIGINT")).toEqual(clean);
    expect(isAlive(pid)).toBe(false);
  }

  it("the start prints the address of GraphiQL and the key, and connects the sandbox", async () => {
    const process = start(directory);
    await process.ready;
    expect(await providersOf(process)).toContain("TikoSMS sandbox");
    const page = await fetch(`${process.url()}/graphql`, { headers: { accept: "text/html" } });
    expect(await page.text()).toContain(process.key());
    expect(process.output()).toContain(directory);
    expect(process.output()).not.toContain('"level":40');
    await expectWorking(process);
  });

  it("smsgraph starts again on the data of the start before", async () => {
    const process = start(directory);
    await process.ready;
    await expectWorking(process);
    await process.end("SIGINT");
  });

  it("smsgraph starts after it was killed while its PostgreSQL still runs", async () => {
    const killed = start(directory);
    await killed.ready;
    const orphan = await postgresPid(directory);
    await killed.end("SIGKILL");
    expect(isAlive(orphan)).toBe(true);
    await expectWorking(start(directory));
    await eventually(() => !isAlive(orphan));
  });

  it("smsgraph starts after it and its PostgreSQL were killed", async () => {
    const killed = start(directory);
    await killed.ready;
    process.kill(await postgresPid(directory), "SIGKILL");
    await killed.end("SIGKILL");
    expect(existsSync(pidFile(directory))).toBe(true);
    await expectWorking(start(directory));
  });

  it("smsgraph starts when the pid of its PostgreSQL now belongs to another program", async () => {
    await writeFile(pidFile(directory), `${process.pid}\n${directory}\n`);
    await expectWorking(start(directory));
  });

  it("smsgraph starts when the pid of its PostgreSQL now belongs to another PostgreSQL, and leaves that one alone", async () => {
    const client = new Client({ connectionString: inject("postgresUrl") });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("show data_directory");
    const other = await readFile(join(rows[0]?.data_directory ?? "", "postmaster.pid"), "utf8");
    await writeFile(pidFile(directory), other);
    await expectWorking(start(directory));
    await client.query("select 1");
    await client.end();
  });

  it("smsgraph starts after its data folder was moved", async () => {
    const moved = `${directory}-moved`;
    await rename(directory, moved);
    const running = start(moved);
    await running.ready;
    expect(await messagesOf(running)).toBe(1);
    await rename(moved, directory);
    await running.end("SIGKILL");
    await expectWorking(start(directory));
  });

  it("only one process at a time can use the data folder", async () => {
    const [one, other] = [start(directory), start(directory)];
    const loser = await Promise.race([one.ended.then(() => one), other.ended.then(() => other)]);
    expect(await loser.ended).toEqual(failed);
    const winner = loser === one ? other : one;
    expect(loser.output()).toContain(
      `smsgraph runs already with the data in ${directory} (process ${winner.pid})`,
    );
    await expectWorking(winner);
  });

  it("a start with a used port says so and leaves nothing running", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const process = start(directory, { PORT: String(port) });
    expect(await process.ended).toEqual(failed);
    expect(process.output()).toMatch(new RegExp(`address already in use.*:${port}\\. .*set PORT`));
    expect(existsSync(pidFile(directory))).toBe(false);
  });

  it("the same signal twice, as npm passes it on, counts as one", async () => {
    const process = start(directory);
    await process.ready;
    process.child.kill("SIGINT");
    expect(await process.end("SIGINT")).toEqual(clean);
    expect(existsSync(pidFile(directory))).toBe(false);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("smsgraph ends when npm is ended with %s", async (signal) => {
    // oxlint-disable-next-line node/no-process-env
    const env = { ...process.env, NODE_ENV: "", DATA_DIR: directory, PORT: "0" };
    const npm = spawn("npm", ["start"], { env, stdio: ["ignore", "pipe", "ignore"] });
    const lines = on(npm.stdout.setEncoding("utf8"), "data") as AsyncIterable<[string]>;
    for await (const [text] of lines) if (text.includes("Stop with Ctrl-C")) break;
    npm.kill(signal);
    await expect.poll(() => existsSync(pidFile(directory))).toBe(false);
  });
});

async function expectStart(spoil: (directory: string) => Promise<unknown>): Promise<void> {
  const directory = await newDirectory();
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await spoil(directory);
  const process = start(directory);
  await process.ready;
  expect(await process.end("SIGINT")).toEqual(clean);
}

const newKey = (letter: string): string => Buffer.alloc(32, letter).toString("base64");

async function prepare(): Promise<{ directory: string; url: string }> {
  const [directory, database] = await Promise.all([newDirectory(), createTestDatabase()]);
  onTestFinished(async () => {
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, url: database.url };
}

describe("with a folder that is not complete", { timeout: patience }, () => {
  it("smsgraph starts beside the leftovers of a killed first start", () =>
    expectStart(async (directory) => {
      await mkdir(join(directory, "postgres.new-1", "base"), { recursive: true });
      await writeFile(join(directory, "postgres.new-1-password"), "half");
      await writeFile(join(directory, "postgres-password"), "another");
    }));

  it("smsgraph starts with an empty PostgreSQL folder", () =>
    expectStart((directory) => mkdir(join(directory, "postgres"))));

  it("smsgraph starts after it was killed during its first start", () =>
    expectStart(async (directory) => {
      const killed = start(directory);
      await eventually(() => existsSync(join(directory, "postgres-password")));
      await killed.end("SIGKILL");
    }));

  it("smsgraph ends cleanly when it is stopped during its first start", async () => {
    const directory = await newDirectory();
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const process = start(directory);
    await eventually(() => existsSync(join(directory, "postgres-password")));
    expect(await process.end("SIGINT")).toEqual(clean);
    expect(existsSync(pidFile(directory))).toBe(false);
  });
});

describe("with a PostgreSQL of one's own", { timeout: patience }, () => {
  it("no embedded PostgreSQL is started when DATABASE_URL is set", async () => {
    const { directory, url } = await prepare();
    const process = start(directory, { DATABASE_URL: url });
    await process.ready;
    expect(await providersOf(process)).toContain("TikoSMS sandbox");
    expect(existsSync(join(directory, "postgres"))).toBe(false);
    expect(await process.end("SIGTERM")).toEqual(clean);
  });

  it("a changed SECRET_KEY is reported with what to do", async () => {
    const { directory, url } = await prepare();
    const first = start(directory, { DATABASE_URL: url, SECRET_KEY: newKey("a") });
    await first.ready;
    await first.end("SIGTERM");
    const second = start(directory, { DATABASE_URL: url, SECRET_KEY: newKey("b") });
    expect(await second.ended).toEqual(failed);
    expect(second.output()).toContain("SECRET_KEY is not the key");
  });

  it("a start waits for a database that does not answer yet, says so, and can be stopped meanwhile", async () => {
    const { directory, url } = await prepare();
    const port = await freePort();
    const later = new URL(url);
    const target = { host: later.hostname, port: Number(later.port) };
    later.port = String(port);
    const process = start(directory, { DATABASE_URL: later.href });
    const stopped = start(directory, { DATABASE_URL: later.href });
    for (const one of [process, stopped])
      await eventually(() => /Waiting up to 30 s for the database.*ECONNREFUSED/.test(one.output()));
    expect(await stopped.end("SIGTERM")).toEqual(clean);
    const road = createServer((socket) => {
      const onward = connect(target);
      socket.on("error", () => onward.destroy()).pipe(onward);
      onward.on("error", () => socket.destroy()).pipe(socket);
    }).listen(port, "127.0.0.1");
    await process.ready;
    expect(await providersOf(process)).toContain("TikoSMS sandbox");
    expect(await process.end("SIGTERM")).toEqual(clean);
    road.close();
  });

  const server = new URL(inject("postgresUrl"));

  it.each([
    ["port", "1", /ECONNREFUSED.*Is it running\?/],
    ["hostname", "nowhere.invalid", /nowhere\.invalid.*host in DATABASE_URL/],
    ["password", "wrong", /password authentication failed.*user and password in DATABASE_URL/],
    ["pathname", "/nothing", /"nothing" does not exist.*Create it, or correct DATABASE_URL/],
  ] as const)("a start with a wrong %s in DATABASE_URL says what to do", async (part, value, problem) => {
    const url = new URL(server);
    url[part] = value;
    const process = start("/nonexistent/unused", { DATABASE_URL: url.href, DATABASE_WAIT_SECONDS: "0" });
    expect(await process.ended).toEqual(failed);
    expect(process.output()).toMatch(problem);
    expect(process.output()).not.toContain(server.password);
  });
});

describe("with a wrong configuration", () => {
  it("a wrong configuration reports every problem with its variable", async () => {
    const process = start("", {
      NODE_ENV: "production",
      PORT: "high",
      ROLE: "boss",
      SECRET_KEY: "short",
      DATABASE_URL: "mysql://localhost/sms",
      LOG_LEVEL: "loud",
    });
    expect(await process.ended).toEqual(failed);
    const named = ["PORT", "ROLE", "SECRET_KEY", "DATABASE_URL", "LOG_LEVEL", "PUBLIC_URL"];
    for (const name of named) expect(process.output()).toMatch(new RegExp(`^  - ${name}: `, "m"));
  });

  it("npm start -- --help explains the options", async () => {
    const process = startProcess({}, "--help");
    expect(await process.ended).toEqual(clean);
    expect(process.output()).toContain("DATABASE_URL");
  });
});
