import { flushCompileCache } from "node:module";
import { randomBytes } from "node:crypto";
import { getPriority, setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { loadCode, startApp, type App } from "./app/start.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { openDatabase } from "./database/database.ts";
import { startEmbeddedPostgres } from "./database/embedded-postgres.ts";
import { migrate } from "./database/migrate.ts";
import { waitForDatabase } from "./database/wait-for-database.ts";
import { consoleFolder, prepareConsole } from "./development/console.ts";
import { connectSandboxes, prepareAccount, type Sandbox } from "./development/development.ts";
import { watchLaunchers } from "./development/launchers.ts";
import { claimDirectory } from "./development/one-process.ts";
import { keepSecret } from "./development/secret-file.ts";
import { createLogger, type Logger } from "./lib/logger.ts";
import { stopAll, type Stops } from "./lib/shutdown.ts";
import { banner } from "./welcome.ts";
import { startTracing } from "./tracing/tracing.ts";
import { OnceAnHour } from "./lib/once-an-hour.ts";
import { returnIdleMemory } from "./lib/idle-memory.ts";

/** As `nice` counts: a process with 0 gets twice as much of a busy processor. */
const workerPriority = 3;

/** Runs until it is asked to stop. Resolves with the exit code when everything has ended. */
export async function run(): Promise<number> {
  const stops: Stops = [];
  returnIdleMemory();
  try {
    // oxlint-disable-next-line node/no-process-env
    const variables = process.env;
    const config = readConfig(variables);
    const logger = createLogger({ level: config.logLevel });
    // People wait for an API process on the same machine, and nobody for a worker.
    if (!config.runsApi) setPriority(Math.max(getPriority(), workerPriority));
    const stopRequest = waitForStopRequest(logger, variables["npm_lifecycle_event"] !== undefined);
    const stopping = new AbortController();
    void stopRequest.then(() => stopping.abort());
    await start(config, logger, stops, stopping.signal);
    await stopRequest;
  } catch (error) {
    complain(error instanceof ConfigError ? error.message : `smsgraph could not start: ${explain(error)}`);
    await stopAll(stops).catch(complain);
    return 1;
  }
  try {
    await stopAll(stops);
    return 0;
  } catch (error) {
    complain(`smsgraph could not stop cleanly: ${explain(error)}`);
    return 1;
  }
}

async function start(config: Config, logger: Logger, stops: Stops, signal: AbortSignal): Promise<void> {
  if (config.tracing) {
    const problems = new OnceAnHour();
    const onProblem = (detail: string): void =>
      problems.say("traces", () => logger.warn({ problem: { detail } }, "traces could not be sent"));
    stops.push(await startTracing(config.tracing, onProblem));
  }
  const databaseUrl = config.databaseUrl ?? (await startDatabase(config, stops));
  // Meanwhile the database may be starting, too.
  await loadCode(config);
  if (!(await isReachable(databaseUrl, config, signal))) return;
  await migrate(databaseUrl);
  const hasKey = !config.production && config.runsApi;
  const developmentKey = hasKey ? await prepareKey(config, databaseUrl) : undefined;
  const secretKey = config.secretKey ?? (await keepSecret(config.dataDirectory, "secret-key", newSecretKey));
  const hasConsole = config.runsApi && config.web.console;
  if (hasConsole && !config.production) await prepareConsole();
  const sandboxes: Sandbox[] = [];
  // Also when the start fails half way.
  stops.push(() => closeAll(sandboxes));
  const app = await startApp({
    ...config,
    databaseUrl,
    consoleFolder,
    secretKey: Buffer.from(secretKey, "base64"),
    otherSecretKeys:
      config.otherSecretKey === undefined ? [] : [Buffer.from(config.otherSecretKey, "base64")],
    developmentKey,
    logger,
    // Before jobs ask the sandboxes of the start before, whose addresses were others.
    async beforeJobs(services) {
      if (config.sandbox && config.runsApi)
        sandboxes.push(...(await connectSandboxes(services, config.sandboxPort)));
    },
  });
  stops.push(() => stopWith(app, sandboxes));
  process.stdout.write(
    banner({
      url: app.url,
      hasConsole: app.hasConsole,
      developmentKey,
      sandboxes,
      embedded: config.databaseUrl === undefined,
      config,
    }),
  );
  // Written now and not at the end, because a killed process never gets there.
  flushCompileCache();
}

/** False when the process is to stop before the database answers. */
function isReachable(url: string, config: Config, signal: AbortSignal): Promise<boolean> {
  const seconds = config.databaseWaitSeconds;
  const onWait = (problem: string): void =>
    complain(`Waiting up to ${seconds} s for the database of DATABASE_URL: ${problem}`);
  return waitForDatabase(url, { seconds, onWait, signal });
}

async function startDatabase({ dataDirectory }: Config, stops: Stops): Promise<string> {
  stops.push(await claimDirectory(dataDirectory));
  const postgres = await startEmbeddedPostgres(dataDirectory);
  stops.push(() => postgres.stop());
  return postgres.url;
}

async function prepareKey({ dataDirectory, developmentKey }: Config, databaseUrl: string): Promise<string> {
  const database = openDatabase(databaseUrl, { poolSize: 2 });
  try {
    return await prepareAccount(database, dataDirectory, developmentKey);
  } finally {
    await database.close();
  }
}

async function stopWith(app: App, sandboxes: Sandbox[]): Promise<void> {
  const stopped = app.stop();
  // Running submissions get their answers, except those that a sandbox never answers on purpose.
  if (sandboxes.length > 0) await Promise.race([stopped, pause(sandboxDrainMs, undefined, { ref: false })]);
  await closeAll(sandboxes);
  await stopped;
}

async function closeAll(sandboxes: Sandbox[]): Promise<void> {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
}

const sandboxDrainMs = 2_000;

const newSecretKey = (): string => randomBytes(32).toString("base64");

/** One request to stop can arrive twice: from the terminal, and from npm, which passes it on. */
const sameRequestMs = 500;

/**
 * Resolves at the first signal, or when the npm that started us has ended. A second signal ends the process
 * at once.
 */
function waitForStopRequest(logger: Logger, startedByNpm: boolean): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (signal: string): void => {
      if (askedAt !== undefined && performance.now() - askedAt > sameRequestMs) process.exit(1);
      if (askedAt !== undefined) return;
      askedAt = performance.now();
      logger.info({ signal }, "stopping: no new work is taken, what is under way is finished");
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => ask(signal));
    if (startedByNpm) watchLaunchers(() => ask("npm has ended"));
  });
}

const complain = (text: unknown): void => void process.stderr.write(`\n${String(text)}\n`);

/** Advice for error codes of the system and of PostgreSQL. */
const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "Stop what listens there, or set PORT (SANDBOX_PORT for the sandbox) to another one.",
  EACCES: "Choose a port above 1023, or a DATA_DIR that may be written to.",
  ECONNREFUSED: "The database of DATABASE_URL does not answer. Is it running?",
  ENOTFOUND: "Correct the host in DATABASE_URL.",
  ETIMEDOUT: "The database of DATABASE_URL does not answer. Is it running?",
  "28P01": "Correct the user and password in DATABASE_URL.",
  "28000": "Correct the user and password in DATABASE_URL.",
  "3D000": "Create it, or correct DATABASE_URL.",
};

/** The error in words, and what to do next. */
function explain(error: unknown): string {
  const [cause] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const { code = "", message } = cause as Partial<NodeJS.ErrnoException>;
  const problem = (message ?? String(cause)).replace(/^listen E[A-Z]+: /, "").replace(/[.]?$/, ".");
  return Object.hasOwn(advice, code) ? `${problem} ${advice[code]}` : problem;
}
