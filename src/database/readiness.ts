import { Socket } from "node:net";
import { Client } from "pg";

/** Together less than two seconds: a probe of a load balancer gives up soon after. */
const connectMs = 900;
const answerMs = 900;

/**
 * Sorts more than it may hold in memory, so that PostgreSQL has to write a file: on a full disk it can still read, and
 * nothing else. Nothing of it is left, and the log is not written.
 */
const spill = `set work_mem = '64kB'; select count(*) from generate_series(1, 50000)`;

/** SQLSTATE: disk_full. */
const diskFull = "53100";

/**
 * Whether the database can be worked with, asked on a connection of its own: those of the pool may all be in use, and one
 * that stands still would hold the question.
 */
export class Readiness {
  readonly #url: string;
  #running: Promise<string | undefined> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** What is wrong, in words for everybody; undefined when nothing is. Those who ask at the same time are answered as one. */
  async problem(): Promise<string | undefined> {
    this.#running ??= this.#ask().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #ask(): Promise<string | undefined> {
    const socket = new Socket();
    const client = new Client({
      connectionString: this.#url,
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
      // One that stands still does not say good-bye.
      socket.destroySoon();
    }
  }
}

export function describe({ code, message }: { code?: string; message: string }): string {
  if (code === diskFull) return "the disk of the database is full";
  if (/timeout/i.test(message)) return "the database stands still";
  return "there is no connection to the database";
}
