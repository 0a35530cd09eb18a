import { Socket } from "node:net";
import { Client } from "pg";
import { reachOf } from "./hosts.ts";

/** Together less than two seconds: the probe of a load balancer gives up soon after that. */
const connectMs = 900;
const answerMs = 900;

/**
 * Needs more memory than it may use, so PostgreSQL has to write a temporary file. A full disk shows only when
 * something is written. The file is removed at once, and nothing is written to the write-ahead log.
 */
const spill = `set work_mem = '64kB'; select count(*) from generate_series(1, 50000)`;

export const standsStill = "the database stands still";

/** SQLSTATE: disk_full. */
const diskFull = "53100";

/**
 * Whether the database can be used. Each check opens its own connection, because all connections of the pool
 * may be busy or stuck.
 */
export class Readiness {
  readonly #url: string;
  #running: Promise<string | undefined> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * What is wrong, in words that anyone may see; undefined when nothing is. Simultaneous calls share one
   * check.
   */
  async problem(): Promise<string | undefined> {
    this.#running ??= this.#ask().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #ask(): Promise<string | undefined> {
    const { connectionString, stream = () => new Socket() } = reachOf(this.#url);
    const socket = stream();
    const client = new Client({
      connectionString,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      stream: () => socket,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(spill);
      return undefined;
    } catch (error) {
      return describe(error as Error & { code?: string });
    } finally {
      void client.end().catch(() => undefined);
      // A database that is stuck would never end the connection.
      socket.destroySoon();
    }
  }
}

export function describe({ code, message }: { code?: string; message: string }): string {
  if (code === diskFull) return "the disk of the database is full";
  if (/timeout|timed out/i.test(message)) return standsStill;
  return "there is no connection to the database";
}
