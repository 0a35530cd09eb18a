import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { stopLeftover } from "./leftover-postgres.ts";
import { unprivileged, type Launcher } from "./postgres-user.ts";
import { postgresBinaries } from "./postgres-binaries.ts";

/** A PostgreSQL server for development and tests, without installation or configuration. */
export interface EmbeddedPostgres {
  /** Connection string of the database `smsgraph`. */
  url: string;
  stop(): Promise<void>;
}

const startSeconds = 60;
const stopSeconds = 30;

/**
 * Starts PostgreSQL on a loopback port with its files in `directory`, which is created when missing.
 * `settings` are PostgreSQL's own; without `port` a free one is used. Leftovers of a killed process (a
 * running server, a half-made data folder) are removed first.
 */
export async function startEmbeddedPostgres(
  directory: string,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  const root = resolve(directory);
  const binaries = await postgresBinaries();
  await mkdir(root, { recursive: true });
  const data = join(root, "postgres");
  const launcher = unprivileged(data, binaries.postgres);
  await removeDrafts(root);
  if (!(await isComplete(data))) await initialise(root, data, binaries.initdb, launcher);
  await stopLeftover(data);
  const port = settings["port"] ?? String(await freePort());
  const server = await launch(binaries.postgres, data, launcher, { ...settings, port });
  return { url: await urlOf(root, port), stop: () => stop(server) };
}

/** The URL of the server that another process runs with its files in `directory`; undefined when none runs. */
export async function runningPostgres(directory: string): Promise<string | undefined> {
  const root = resolve(directory);
  // The fourth line is the port (PostgreSQL documentation, "Database File Layout").
  const file = await readFile(join(root, "postgres", "postmaster.pid"), "utf8").catch(() => "");
  const port = file.split("\n")[3]?.trim() ?? "";
  return port === "" ? undefined : urlOf(root, port);
}

async function urlOf(root: string, port: string): Promise<string> {
  const password = await readFile(passwordFile(root), "utf8");
  return `postgresql://smsgraph:${password}@127.0.0.1:${port}/postgres`;
}

const passwordFile = (root: string): string => join(root, "postgres-password");

/**
 * @throws Error when it cannot be checked, as in another user's folder, which must not be taken for half-made
 */
async function isComplete(data: string): Promise<boolean> {
  try {
    return (await stat(join(data, "PG_VERSION"))).isFile();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

const draftPrefix = "postgres.new";

async function removeDrafts(root: string): Promise<void> {
  const drafts = (await readdir(root)).filter((name) => name.startsWith(draftPrefix));
  for (const name of drafts) await rm(join(root, name), { recursive: true, force: true, maxRetries: 10 });
}

/**
 * Makes the data folder under a temporary name and renames it when complete, so a killed process never leaves
 * a half-made one. Each name is used only once: an initdb that outlived us removes the folder it was given.
 */
async function initialise(root: string, data: string, initdb: string, launcher: Launcher): Promise<void> {
  const draft = join(root, `${draftPrefix}-${randomBytes(6).toString("hex")}`);
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
  const log = await runToEnd([initdb, `--pgdata=${draft}`, `--pwfile=${secret}`, ...options], launcher);
  await rm(secret, { force: true });
  if (log !== undefined) throw new Error(`PostgreSQL could not make its data folder ${data}: ${log}`);
  await rename(draft, data);
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
  const server = startProgram([postgres, "-D", data, ...flags], launcher);
  await chmod(data, 0o700).catch(() => undefined);
  await ready(server);
  return server;
}

/** The program also ends when this process ends, unless this process is killed. */
function startProgram(program: [string, ...string[]], launcher: Launcher): ChildProcess {
  const [command, ...rest] = launcher.command(program);
  // Detached: Ctrl-C must not reach PostgreSQL directly, because we drain before the database stops.
  const child = spawn(command, rest, {
    ...launcher.identity,
    detached: true,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const interrupt = (): boolean => child.kill("SIGINT");
  process.once("exit", interrupt);
  child.once("exit", () => process.off("exit", interrupt));
  return child;
}

/** Undefined when the program succeeded, otherwise its output. */
async function runToEnd(program: [string, ...string[]], launcher: Launcher): Promise<string | undefined> {
  const child = startProgram(program, launcher);
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
  const code = await new Promise((done, fail) => child.once("error", fail).once("close", done));
  return code === 0 ? undefined : log;
}

/** Resolves when the server accepts connections. A server that fails to get there is stopped. */
async function ready(server: ChildProcess): Promise<void> {
  let log = "";
  const listening = new Promise<void>((done, fail) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000);
      if (/ready to accept (read-only )?connections/.test(log)) done();
    });
    server.once("error", fail);
    server.once("exit", () => fail(new Error(`PostgreSQL stopped while starting: ${log}`)));
  });
  const timer = setTimeout(() => server.kill("SIGQUIT"), startSeconds * 1000);
  await listening.finally(() => clearTimeout(timer));
}

/** A "fast" shutdown: open transactions are rolled back; everything committed is on disk. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((done) => server.once("exit", done));
  server.kill("SIGINT");
  const timer = setTimeout(() => server.kill("SIGQUIT"), stopSeconds * 1000);
  await gone;
  clearTimeout(timer);
}
