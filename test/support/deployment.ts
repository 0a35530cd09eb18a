import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { decodeId } from "../../src/lib/global-id.ts";
import { countWaiting, createTestDatabase } from "./database.ts";
import { reachOf } from "../../src/database/hosts.ts";
import { GraphqlClient } from "./graphql-client.ts";
import { freePort, startProcess, type SmsgraphProcess } from "./process.ts";
import { startProviderDouble, type ProviderDouble } from "./provider-double.ts";

export interface Line {
  status: string;
  source: string;
  applied: boolean;
  providerStatus: string | null;
}

export interface DeploymentOptions {
  /** A database of the test's own; absent: a fresh one of the run's server. */
  databaseUrl?: string;
}

/** smsgraph as processes around one database, with a double of TikoSMS as its provider. */
export class Deployment {
  readonly databaseUrl: string;
  readonly double: ProviderDouble;
  readonly client: GraphqlClient;
  /** A connection of the test's own: it sees what is committed, and can hold what is not. */
  readonly database: Client;
  readonly #variables: Record<string, string>;
  readonly #processes: SmsgraphProcess[] = [];
  readonly #drop: () => Promise<void>;

  static async create(options: DeploymentOptions = {}): Promise<Deployment> {
    const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
    const url = options.databaseUrl ?? own?.url ?? "";
    const database = new Client(reachOf(url));
    database.on("error", () => undefined);
    await database.connect();
    const drop = own?.drop ?? (() => Promise.resolve());
    return new Deployment(url, database, await startProviderDouble(), await freePort(), drop);
  }

  constructor(
    databaseUrl: string,
    database: Client,
    double: ProviderDouble,
    port: number,
    drop: () => Promise<void>,
  ) {
    const key = `key_${randomBytes(16).toString("hex")}`;
    const url = `http://127.0.0.1:${port}`;
    this.databaseUrl = databaseUrl;
    this.database = database;
    this.double = double;
    this.client = new GraphqlClient(url, key);
    this.#drop = drop;
    this.#variables = {
      DATABASE_URL: databaseUrl,
      SECRET_KEY: randomBytes(32).toString("base64"),
      DEVELOPMENT_KEY: key,
      PORT: String(port),
      PUBLIC_URL: url,
      SANDBOX: "false",
      LOG_LEVEL: "info",
    };
  }

  /** Starts a process and waits until it works. */
  async start(
    role: "api" | "worker" | "all",
    variables: Record<string, string> = {},
  ): Promise<SmsgraphProcess> {
    const process = startProcess({ ...this.#variables, ROLE: role, ...variables });
    this.#processes.push(process);
    await process.ready;
    return process;
  }

  /** Connects the double; an API must be running. */
  async connect(): Promise<void> {
    const { url: baseUrl, token: apiToken } = this.double;
    await this.client.data(
      `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
      { input: { tikosms: { name: "Double", apiToken, baseUrl, defaultSender: "smsgraph" } } },
    );
  }

  /** Sends a message and gives its local id: the reference the provider gets. What it returned was acknowledged. */
  async send(to: string, idempotencyKey?: string): Promise<string> {
    const { sendMessage } = await this.client.data<{ sendMessage: { id: string } }>(
      `mutation ($input: SendMessageInput!) {
        sendMessage(input: $input) { ... on Message { id } ... on Error { message } }
      }`,
      { input: { to: `+${to}`, text: `Message to ${to}`, idempotencyKey } },
    );
    return decodeId("Message", sendMessage.id);
  }

  async statusOf(id: string): Promise<string | undefined> {
    const { rows } = await this.database.query<{ status: string }>(
      "select status from messages where id = $1",
      [id],
    );
    return rows[0]?.status;
  }

  async timeline(id: string): Promise<Line[]> {
    const { rows } = await this.database.query<Line>(
      `select status, source, applied, provider_status as "providerStatus"
      from message_events where message_id = $1 order by id`,
      [id],
    );
    return rows;
  }

  /** Cuts those that wait for a lock: what a killed process has asked for would still be done when it is free. */
  async cutWaiting(): Promise<void> {
    const ended = await this.database.query(
      `select pg_terminate_backend(pid, 10000) as ended from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (ended.rowCount === 0) throw new Error("nobody waits for a lock");
  }

  /** Whether a statement that begins much like `text` waits for a lock; a long one is cut off in this view. */
  async isWaiting(text: string): Promise<boolean> {
    return (await countWaiting(this.databaseUrl, text)) > 0;
  }

  /** How many sessions of this database wait for a lock. */
  waiting(): Promise<number> {
    return countWaiting(this.databaseUrl);
  }

  /** Kills what still runs, and clears everything away. */
  async close(): Promise<void> {
    await this.client.close();
    await Promise.all(this.#processes.map((process) => process.end("SIGKILL")));
    await this.double.close();
    await this.database.end().catch(() => undefined);
    await this.#drop();
  }
}
