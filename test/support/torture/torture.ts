import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { encodeId } from "../../../src/lib/global-id.ts";
import { startTikosmsSandbox, type TikosmsSandbox } from "../../../src/sandbox/tikosms/index.ts";
import { GraphqlClient } from "../graphql-client.ts";
import { eventually, freePort, startProcess, type SmsgraphProcess } from "../process.ts";
import { RunningLog } from "./running-log.ts";
import { Watcher } from "./watcher.ts";

export interface TortureOptions {
  /** A migrated database that nobody else uses. */
  databaseUrl: string;
  /** Events in the log at the end, at least. */
  events: number;
  clients: number;
  /** A client's connection lasts this long on average. */
  sessionSeconds: number;
  /** From one api process being ready again to the killing of the other. */
  secondsBetweenKills: number;
  /** How many kills there are; absent: they go on until every client has caught up. */
  kills?: number;
  /** How long it may take to send everything, and then to catch up. */
  patienceSeconds: number;
  /** Ends it early, with everything it has started. */
  signal?: AbortSignal;
  /** Told of each step. */
  log?: (line: string) => void;
}

export interface TortureResult {
  /** Events in the table. */
  events: number;
  /** Events handed to clients. */
  deliveries: number;
  sessions: number;
  kills: number;
  sendingSeconds: number;
  catchingUpSeconds: number;
  /** One line for each client whose log is not the table's; none when all is well. */
  differences: string[];
}

/** QUEUED, SUBMITTING, SENT, DELIVERED, and mostly SUBMITTED: a receipt can beat the answer to the submission. */
const eventsPerMessage = 4;
const messagesPerRequest = 250;
const tableRowsPerRead = 20_000;

/**
 * Sends messages through two api processes that are killed and started again in turn, with workers and a sandbox
 * behind them, while clients that lose their connections follow the log. Then compares what each was given, in
 * order, with the table.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const closers: (() => unknown)[] = [];
  try {
    return await Promise.race([run(options, closers), aborted(options.signal)]);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

async function run(options: TortureOptions, closers: (() => unknown)[]): Promise<TortureResult> {
  const { log = () => undefined, patienceSeconds } = options;
  const database = new Client({ connectionString: options.databaseUrl });
  await database.connect();
  closers.push(() => database.end());
  const sandbox = await startTikosmsSandbox({
    delays: { createMs: 0, updateMs: 0 },
    callbackRetries: { attempts: 12, delayMs: 100 },
  });
  closers.push(() => sandbox.close());
  const servers = await Servers.create(options.databaseUrl);
  closers.push(() => servers.close());
  await servers.start();
  await servers.connect(sandbox);
  const cursor = await servers.currentCursor();
  const { sessionSeconds } = options;
  const { socketUrls: urls, key } = servers;
  const watchers = Array.from(
    { length: options.clients },
    () => new Watcher({ urls, key, cursor, sessionSeconds }),
  );
  closers.push(() => watchers.map((watcher) => watcher.abandon()));
  const watching = Promise.all(watchers.map((watcher) => watcher.run()));
  const killing = servers.killInTurn({ ...options, log });
  closers.push(() => killing.stop());

  const startedAt = performance.now();
  const messages = Math.ceil(options.events / eventsPerMessage);
  await sendAll(servers, messages, log);
  await finalStates(database, messages, patienceSeconds, log);
  const sentAt = performance.now();
  if (options.kills !== undefined) await killing.done;
  const least = await settledEvents(database);
  log(`sent: ${least} events; the clients catch up`);
  for (const watcher of watchers) watcher.end(least);
  await within(patienceSeconds, watching, () => log(progressOf(watchers)));
  const caughtUpAt = performance.now();
  await killing.stop();

  return {
    events: least,
    deliveries: watchers.reduce((sum, watcher) => sum + watcher.log.count, 0),
    sessions: watchers.reduce((sum, { sessions }) => sum + sessions, 0),
    kills: killing.count(),
    sendingSeconds: (sentAt - startedAt) / 1000,
    catchingUpSeconds: (caughtUpAt - sentAt) / 1000,
    differences: await compare(database, watchers, least),
  };
}

/** Two api processes and their workers around one database. */
class Servers {
  readonly key = `key_${randomBytes(16).toString("hex")}`;
  readonly clients: readonly GraphqlClient[];
  readonly #ports: readonly number[];
  readonly #variables: Record<string, string>;
  readonly #apis: SmsgraphProcess[] = [];
  readonly #processes: SmsgraphProcess[] = [];

  static async create(databaseUrl: string): Promise<Servers> {
    return new Servers(databaseUrl, [await freePort(), await freePort()]);
  }

  constructor(databaseUrl: string, ports: readonly number[]) {
    this.#ports = ports;
    this.clients = ports.map((port) => new GraphqlClient(`http://127.0.0.1:${port}`, this.key));
    this.#variables = {
      DATABASE_URL: databaseUrl,
      SECRET_KEY: randomBytes(32).toString("base64"),
      DEVELOPMENT_KEY: this.key,
      SANDBOX: "false",
      LOG_LEVEL: "warn",
    };
  }

  get socketUrls(): string[] {
    return this.#ports.map((port) => `ws://127.0.0.1:${port}/graphql`);
  }

  async start(): Promise<void> {
    for (const index of [0, 1]) await this.#startApi(index);
    // Each worker names one api process to the provider, so that receipts reach both.
    await Promise.all([0, 1].map((index) => this.#start(index, { ROLE: "worker" })));
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end("SIGKILL")));
  }

  async #start(index: number, variables: Record<string, string>): Promise<SmsgraphProcess> {
    const port = String(this.#ports[index]);
    const PUBLIC_URL = `http://127.0.0.1:${port}`;
    const process = startProcess({ ...this.#variables, PORT: port, PUBLIC_URL, ...variables });
    this.#processes.push(process);
    await process.ready;
    return process;
  }

  async #startApi(index: number): Promise<void> {
    this.#apis[index] = await this.#start(index, { ROLE: "api" });
  }

  async connect({ url: baseUrl, token: apiToken }: TikosmsSandbox): Promise<void> {
    await this.clients[0]?.data(
      `mutation ($input: TikosmsConnectionInput!) {
        connectProvider(input: { tikosms: $input }) { ... on Provider { id } }
      }`,
      { input: { name: "Sandbox", apiToken, baseUrl, defaultSender: "smsgraph" } },
    );
  }

  /** The end of the log as it is now. */
  async currentCursor(): Promise<string> {
    const [client] = this.clients;
    if (!client) throw new Error("There is no api process");
    const query = "subscription { messageEvents { ... on CaughtUp { cursor } } }";
    for await (const { data } of client.subscribe<{ messageEvents: { cursor: string } }>(query)) {
      await client.close();
      if (data) return data.messageEvents.cursor;
    }
    throw new Error("The stream ended before it began");
  }

  /** Kills one api process after the other; each is running again before the next one dies. */
  killInTurn({ kills = Infinity, secondsBetweenKills, log = () => undefined }: KillOptions): Killing {
    const stopping = new AbortController();
    const { signal } = stopping;
    let count = 0;
    const loop = async (): Promise<void> => {
      for (let index = 0; count < kills; index = 1 - index) {
        await pause(secondsBetweenKills * 1000, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await this.#apis[index]?.end("SIGKILL");
        count++;
        log(`killed api ${index + 1} (${count})`);
        await this.#startApi(index);
      }
    };
    const done = loop();
    // Whoever stops the killing hears of it.
    done.catch(() => undefined);
    const stop = (): Promise<void> => {
      stopping.abort();
      return done;
    };
    return { done, stop, count: () => count };
  }
}

type KillOptions = Pick<TortureOptions, "kills" | "secondsBetweenKills" | "log">;

interface Killing {
  /** Resolves after the last kill, when everything is running again. */
  done: Promise<void>;
  stop: () => Promise<void>;
  count: () => number;
}

/** Sends through whichever process answers. Keys make a repeated request harmless. */
async function sendAll({ clients }: Servers, count: number, log: (line: string) => void): Promise<void> {
  for (let sent = 0; sent < count;) {
    const messages = Array.from({ length: Math.min(messagesPerRequest, count - sent) }, (_, index) => ({
      // Everyone gets one: messages of a call to one recipient would wait for each other.
      to: `+421901${String((sent + index) % 1000).padStart(3, "0")}000`,
      text: "Hello",
      idempotencyKey: `message ${sent + index}`,
    }));
    const client = clients[Math.floor(Math.random() * clients.length)];
    if (await trySending(client, messages)) sent += messages.length;
    else await pause(50);
    if (sent % 5000 === 0) log(`queued ${sent} of ${count} messages`);
  }
}

async function trySending(client: GraphqlClient | undefined, messages: object[]): Promise<boolean> {
  const document = `mutation ($input: SendMessagesInput!) {
    sendMessages(input: $input) { ... on SendMessagesSuccess { results { __typename } } }
  }`;
  interface Answer {
    sendMessages: { results: { __typename: string }[] };
  }
  const answer = await client?.data<Answer>(document, { input: { messages } }).catch(() => undefined);
  const refused = answer?.sendMessages.results.find(({ __typename }) => __typename !== "Message");
  if (refused) throw new Error(`A message was refused: ${refused.__typename}`);
  return answer !== undefined;
}

async function finalStates(
  database: Client,
  count: number,
  timeoutSeconds: number,
  log: (line: string) => void,
): Promise<void> {
  let reported = 0;
  const isDone = async (): Promise<boolean> => {
    await pause(200);
    const { rows } = await database.query<{ count: number }>(
      "select count(*)::int from messages where status = 'DELIVERED'",
    );
    const delivered = rows[0]?.count ?? 0;
    if (delivered - reported >= 1000) log(`delivered ${(reported = delivered)} of ${count} messages`);
    return delivered === count;
  };
  await eventually(isDone, { timeoutSeconds });
}

/** Waits until everything written so far can be read, and counts it. */
async function settledEvents(database: Client): Promise<number> {
  const { rows: written } = await database.query<{ count: number; tx: string }>(
    "select count(*)::int, max(tx) as tx from message_events",
  );
  await eventually(async () => {
    const { rows } = await database.query<{ isSettled: boolean }>(
      `select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1::bigint as "isSettled"`,
      [written[0]?.tx],
    );
    return rows[0]?.isSettled === true;
  });
  return written[0]?.count ?? 0;
}

function progressOf(watchers: readonly Watcher[]): string {
  const counts = watchers.map(({ log }) => log.count).toSorted((one, other) => one - other);
  return `clients have ${counts[0]} to ${counts.at(-1)} events, half of them ${counts[counts.length >> 1]}`;
}

/** Waits for it, but not for ever: a client that has missed something waits for it in vain. */
async function within(seconds: number, promise: Promise<unknown>, tell: () => void): Promise<void> {
  const telling = setInterval(tell, 5000);
  const timer = new AbortController();
  const tooLong = pause(seconds * 1000, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([promise, tooLong]);
  clearInterval(telling);
  timer.abort();
}

/**
 * Each log must be the table's beginning, and hold at least what was there when sending ended: a receipt that is
 * repeated because its answer was lost may be logged later still.
 */
async function compare(database: Client, watchers: readonly Watcher[], least: number): Promise<string[]> {
  const wanted = new Set(watchers.map(({ log }) => log.count));
  const hashes = new Map<number, string>();
  const table = new RunningLog();
  for await (const id of readTable(database)) {
    table.add(id);
    if (wanted.has(table.count)) hashes.set(table.count, table.hash);
  }
  return watchers.flatMap(({ log, problem }, index) => {
    const isSame = hashes.get(log.count) === log.hash && log.count >= least;
    if (isSame && problem === undefined) return [];
    const where = `${log.count} events of ${table.count} (at least ${least}), the same for the first ${log.agreesUntil(table)}`;
    return [`client ${index}: ${where}${problem === undefined ? "" : `; it was told ${problem}`}`];
  });
}

/** Every event's global id in the order of the log. */
async function* readTable(database: Client): AsyncGenerator<string> {
  let after = { tx: "0", id: "0" };
  for (;;) {
    const { rows } = await database.query<{ tx: string; id: string }>(
      `select tx, id from message_events where (tx, id) > ($1::bigint, $2::bigint) order by tx, id limit $3`,
      [after.tx, after.id, tableRowsPerRead],
    );
    for (const { tx, id } of rows) yield encodeId("MessageEvent", `${tx}.${id}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last;
  }
}
