import { randomBytes } from "node:crypto";

import { startApp, type App } from "./app.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { openDatabase } from "./database/database.ts";
import { startEmbeddedPostgres } from "./database/embedded-postgres.ts";
import { migrate } from "./database/migrate.ts";
import { connectSandbox, prepareAccount } from "./development/development.ts";
import { claimDirectory } from "./development/one-process.ts";
import { keepSecret } from "./development/secret-file.ts";
import { createLogger, type Logger } from "./logger.ts";
import { banner, helpText } from "./welcome.ts";

/** What was started, in order; stopped in the opposite order. */
type Stops = (() => Promise<void>)[];

async function main(): Promise<void> {
  const stops: Stops = [];
  try {
    // oxlint-disable-next-line node/no-process-env
    const config = readConfig(process.env);
    const logger = createLogger({ level: config.logLevel });
    stopOnSignals(stops, logger);
    await start(config, logger, stops);
  } catch (error) {
    await stopAll(stops);
    const text = error instanceof ConfigError ? error.message : `smsgraph could not start: ${explain(error)}`;
    process.stderr.write(`\n${text}\n`);
    process.exitCode = 1;
  }
}

async function start(config: Config, logger: Logger, stops: Stops): Promise<void> {
  const databaseUrl = config.databaseUrl ?? (await startDatabase(config, stops));
  await migrate(databaseUrl);
  const developmentKey = config.production ? undefined : await prepareKey(config, databaseUrl);
  const secretKey = config.secretKey ?? (await keepSecret(config.dataDirectory, "secret-key", newSecretKey));
  const app = await startApp({
    ...config,
    databaseUrl,
    secretKey: Buffer.from(secretKey, "base64"),
    developmentKey,
    logger,
  });
  stops.push(() => app.stop());
  const sandbox = config.sandbox && config.runsApi ? await startSandbox(app, config, stops) : undefined;
  process.stdout.write(
    banner({ url: app.url, developmentKey, sandbox, embedded: config.databaseUrl === undefined, config }),
  );
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

async function startSandbox(app: App, config: Config, stops: Stops): Promise<{ url: string; token: string }> {
  const sandbox = await connectSandbox(app, config.sandboxPort);
  stops.push(() => sandbox.close());
  return sandbox;
}

const newSecretKey = (): string => randomBytes(32).toString("base64");

/** The first signal drains; a second one does not wait. */
function stopOnSignals(stops: Stops, logger: Logger): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      logger.info({ signal }, "stopping: no new work is taken, what is under way is finished");
      void stopAll(stops).then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ error }, "could not stop cleanly");
          process.exit(1);
        },
      );
    });
  }
}

async function stopAll(stops: Stops): Promise<void> {
  for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return "the port is in use. Stop what listens there, or set PORT to another one.";
  if (code === "ECONNREFUSED") return "the database of DATABASE_URL does not answer. Is it running?";
  return error instanceof Error ? message : String(error);
}

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  process.stdout.write(helpText);
} else {
  await main();
}
