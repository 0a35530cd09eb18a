import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";

const answerMs = 5_000;
const lookAgainMs = 100;
const longestIdleMs = 10_000;

const tryStatement = "select pg_try_advisory_lock(hashtext($1), hashtext($2)) as held";
const releaseStatement = "select pg_advisory_unlock(hashtext($1), hashtext($2))";

/** Gives a lock back; never fails, since a connection that broke has given it back. */
export type Release = () => Promise<void>;

/**
 * Advisory locks that last for longer than a statement, over all processes. They live on one connection of their own,
 * made when needed: in the pool, a few of them would leave nothing for those who hold them.
 */
export class Locks {
  readonly #url: string;
  readonly #held = new Set<string>();
  #session: Promise<Client> | undefined;
  /** The connection does one thing at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Undefined when somebody else has the lock, here or elsewhere. */
  async tryHold(space: string, key: string): Promise<Release | undefined> {
    const name = `${space} ${key}`;
    // To PostgreSQL we are one session, which may take its own lock again.
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

  /** Waits until the lock is free. @throws Error when it is not within `longestMs` */
  async hold(space: string, key: string, longestMs: number): Promise<Release> {
    const deadline = performance.now() + longestMs;
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
      connectionString: this.#url,
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
    // What cannot be given back goes with its connection.
    await this.#ask(session, releaseStatement, values).catch(async () =>
      session.end().catch(() => undefined),
    );
    this.#leave(name);
  }

  #leave(name: string): void {
    this.#held.delete(name);
    if (this.#held.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), longestIdleMs).unref();
  }
}
