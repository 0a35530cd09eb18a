import { randomBytes } from "node:crypto";
import { connectTestSandbox, startTestApp, type TestApp } from "./app.ts";
import { createTestDatabase } from "./database.ts";
import type { GraphqlClient } from "./graphql-client.ts";
import { freePort } from "./process.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** An event as it stands in the log. */
export interface Line {
  tx: string;
  id: string;
  messageId: string;
  to: string;
  status: string;
  applied: boolean;
}

/** An app with a sandbox that can be stopped and started again at its address, and a breakable way to it. */
export class RestartableApp {
  readonly proxy: TcpProxy;
  readonly key: string;
  readonly accountId: string;
  /** Of the first start's account, past the breakable way. */
  readonly client: GraphqlClient;
  readonly #start: () => Promise<TestApp>;
  readonly #close: () => Promise<void>;
  #app: TestApp;

  static async start(): Promise<RestartableApp> {
    const database = await createTestDatabase();
    const port = await freePort();
    const options = { databaseUrl: database.url, port, secretKey: randomBytes(32) };
    const start = (): Promise<TestApp> => startTestApp(options);
    const app = await start();
    const { sandbox } = await connectTestSandbox(app, { delays: { createMs: 50, updateMs: 150 } });
    const proxy = await startTcpProxy(port);
    return new RestartableApp(app, proxy, start, async () => {
      await proxy.close();
      await sandbox.close();
      await database.drop();
    });
  }

  constructor(app: TestApp, proxy: TcpProxy, start: () => Promise<TestApp>, close: () => Promise<void>) {
    this.proxy = proxy;
    this.key = app.key;
    this.accountId = app.accountId;
    this.client = app.client;
    this.#app = app;
    this.#start = start;
    this.#close = close;
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    await this.#app.stop();
  }

  /** Starts again. The account and the key are the first start's. */
  async restart(): Promise<void> {
    this.#app = await this.#start();
  }

  /** For a while nobody can be identified, as when the database is away. Starts the app again, which has no cache then. */
  async withoutKeys(meanwhile: () => Promise<void>): Promise<void> {
    this.proxy.break();
    await this.stop();
    await this.restart();
    const { pool } = this.#app.services.database;
    await pool.query("alter table api_keys rename to api_keys_away");
    this.proxy.mend();
    await meanwhile();
    await pool.query("alter table api_keys_away rename to api_keys");
  }

  /** The account's part of the log, in log order. */
  async log(): Promise<Line[]> {
    const { rows } = await this.#app.services.database.pool.query<Line>(
      `select e.tx, e.id, m.id as "messageId", m.recipient as "to", e.status, e.applied
      from message_events as e join messages as m on m.id = e.message_id
      where e.account_id = $1 order by e.tx, e.id`,
      [this.accountId],
    );
    return rows;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#close();
  }
}
