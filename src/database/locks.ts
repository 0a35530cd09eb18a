import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { reachOf } from "./hosts.ts";

const answerMs = 5_000;
const lookAgainMs = 100;
const maxIdleMs = 10_000;

const tryStatement = "select pg_try_advisory_lock(hashtext($1), hashtext($2)) as held";
const releaseStatement = "select pg_advisory_unlock(hashtext($1), hashtext($2))";

/** Releases a lock. Never fails: a broken connection has released it already. */
type Release = () => Promise<void>;

/**
 * Advisory locks over all processes that outlast a statement. They share one connection of their own, opened
 * when needed: a few of them would otherwise use up the pool.
 */
export class Locks {
  readonly #url: string;
  readonly #held = new Set<string>();
  #session: Promise<Client> | undefined;
  /** Statements run one after another on this connection. */
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Undefined when the lock is taken, here or in another process. */
  async tryHold(space: string, key: string): Promise<Release | undefined> {
    const name = `${space} ${key}`;
    // For PostgreSQL we are one session, which could take its own lock twice.
    if (this.#held.has(name)) return undefined;
    this.#held.add(name);
    clearTimeout(this.#idle);
    try {
      const session = await this.#connect();
      if (await this.#ask(session, tryStatement, [space, key])) {
        return () => this.#release(session, name, [space, key]);
      }
    } catch (error) {
      this.#leave(name);
      throw error;
    }
    this.#leave(name);
    return undefined;
  }

  /** Waits until the lock is free. @throws Error when it is not within `maxMs` */
  async hold(space: string, key: string, maxMs: number): Promise<Release> {
    const deadline = performance.now() + maxMs;
    for (;;) {
      const release = await this.tryHold(space, key);
      if (release) return release;
      if (performance.now() > deadline) throw new Error(`The lock "${space}" did not become free in time`);
      await pause(lookAgainMs);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const session = this.#session;
    this.#session = undefined;
    await (await session?.catch(() => undefined))?.end();
  }

  #connect(): Promise<Client> {
    if (this.#session) return this.#session;
    const client = new Client({
      ...reachOf(this.#url),
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
    });
    const session = client.connect().then(() => client);
    this.#session = session;
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    client.on("error", forget).on("end", forget);
    session.catch(forget);
    return session;
  }

  async #ask(session: Client, statement: string, values: string[]): Promise<boolean> {
    const asked = this.#last.then(async () => session.query<{ held?: boolean }>(statement, values));
    this.#last = asked.catch(() => undefined);
    return (await asked).rows[0]?.held === true;
  }

  async #release(session: Client, name: string, values: string[]): Promise<void> {
    // If the release fails, closing the connection frees the lock.
    await this.#ask(session, releaseStatement, values).catch(async () =>
      session.end().catch(() => undefined),
    );
    this.#leave(name);
  }

  #leave(name: string): void {
    this.#held.delete(name);
    if (this.#held.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), maxIdleMs).unref();
  }
}
