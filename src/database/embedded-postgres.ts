import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { unprivileged, type Launcher } from "./postgres-user.ts";
import { postgresBinaries } from "./postgres-binaries.ts";

/** A PostgreSQL server of our own, for development and tests: no installation, no configuration. */
export interface EmbeddedPostgres {
  /** Connection string of the database `smsgraph`. */
  url: string;
  stop(): Promise<void>;
}

const startSeconds = 60;
const stopSeconds = 30;

/**
 * Starts PostgreSQL on a free loopback port with its files in `directory`, which is made when missing.
 * Leftovers of a killed process (a running server, a half-made data folder) are cleared away first.
 */
export async function startEmbeddedPostgres(
  directory: string,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  const root = resolve(directory);
  const binaries = await postgresBinaries();
  await mkdir(root, { recursive: true });
  const data = join(root, "postgres");
  const launcher = unprivileged([data, binaries.postgres]);
  if (!existsSync(join(data, "PG_VERSION"))) await initialise(root, data, binaries.initdb, launcher);
  await stopLeftover(data);
  const port = await freePort();
  const server = await launch(binaries.postgres, data, port, launcher, settings);
  const password = await readFile(passwordFile(root), "utf8");
  const url = `postgresql://smsgraph:${password}@127.0.0.1:${port}/postgres`;
  return { url, stop: () => stop(server) };
}

const passwordFile = (root: string): string => join(root, "postgres-password");

/** Makes the data folder beside its final name and moves it there when complete: killed halfway, it never counts. */
async function initialise(root: string, data: string, initdb: string, launcher: Launcher): Promise<void> {
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  await rm(data, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const password = randomBytes(18).toString("base64url");
  await writeFile(passwordFile(root), password, { mode: 0o600 });
  const secret = `${draft}-password`;
  await writeFile(secret, password, { mode: 0o600 });
  if (launcher.owner) {
    await chown(draft, launcher.owner.uid, launcher.owner.gid);
    await chown(secret, launcher.owner.uid, launcher.owner.gid);
  }
  const options = [
    "--username=smsgraph",
    "--encoding=UTF8",
    "--locale=C",
    "--auth=scram-sha-256",
    "--no-sync",
  ];
  const [command, ...rest] = launcher.command([
    initdb,
    `--pgdata=${draft}`,
    `--pwfile=${secret}`,
    ...options,
  ]);
  const result = spawnSync(command, rest, { ...launcher.identity, encoding: "utf8", cwd: "/" });
  await rm(secret, { force: true });
  if (result.status !== 0) {
    throw new Error(
      `PostgreSQL could not make its data folder ${data}: ${result.stderr || String(result.error)}`,
    );
  }
  await rename(draft, data);
}

/** A server that outlived its killed parent still owns the data folder: it is asked to stop first. */
async function stopLeftover(data: string): Promise<void> {
  const pid = await leftoverPid(data);
  if (pid === undefined) return;
  process.kill(pid, "SIGINT");
  const deadline = Date.now() + stopSeconds * 1000;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      throw new Error(`A PostgreSQL server (process ${pid}) still uses ${data}. Stop it and start again.`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The pid in `postmaster.pid`, if that process is a PostgreSQL server and not a stranger with a reused number. */
async function leftoverPid(data: string): Promise<number | undefined> {
  const lines = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(lines, 10);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (commandLine !== undefined && !commandLine.includes("postgres")) {
    await rm(join(data, "postmaster.pid"), { force: true });
    return undefined;
  }
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, fail) => probe.once("error", fail).listen(0, "127.0.0.1", done));
  const { port } = probe.address() as { port: number };
  await new Promise((done) => probe.close(done));
  return port;
}

async function launch(
  postgres: string,
  data: string,
  port: number,
  launcher: Launcher,
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "100",
    logging_collector: "off",
    ...settings,
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, ...rest] = launcher.command([postgres, "-D", data, "-p", String(port), ...flags]);
  // Detached: a Ctrl-C in the terminal must reach us first, so that we drain before the database goes.
  const server = spawn(command, rest, {
    ...launcher.identity,
    detached: true,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  await chmod(data, 0o700).catch(() => undefined);
  await ready(server);
  return server;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let log = "";
    const timer = setTimeout(() => fail(new Error(`PostgreSQL did not start: ${log}`)), startSeconds * 1000);
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000);
      if (!log.includes("ready to accept connections")) return;
      clearTimeout(timer);
      done();
    });
    server.once("error", fail);
    server.once("exit", () => fail(new Error(`PostgreSQL stopped while starting: ${log}`)));
  });
}

/** "Fast" shutdown: open transactions are rolled back, everything committed is on disk. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((done) => server.once("exit", done));
  server.kill("SIGINT");
  const timer = setTimeout(() => server.kill("SIGQUIT"), stopSeconds * 1000);
  await gone;
  clearTimeout(timer);
}
