import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { Pool, type ClientBase, type PoolClient } from "pg";
import { BusyError } from "../lib/errors.ts";
import { isClientWaiting } from "../lib/waited-for.ts";
import { reachOf } from "./hosts.ts";
import { Readiness, standsStill } from "./readiness.ts";

/** How long a client's request waits for a connection, and how long background work does. */
const requestWaitMs = 4_000;
const workWaitMs = 60_000;

/** After how long, and how often, it is asked whether the database still answers while a client's request waits for it. */
const suspiciousMs = 4_000;
const lookEveryMs = 1_000;

interface Holder {
  isHolding: boolean;
}

const holders = new AsyncLocalStorage<Holder>();

/** Runs `work`, which holds a connection of the pool and therefore cannot get a second one. */
export async function holdingConnection<Result>(work: () => Promise<Result>): Promise<Result> {
  const holder: Holder = { isHolding: true };
  try {
    // Awaited in here: Prisma sends a query only when it is awaited.
    return await holders.run(holder, async () => await work());
  } finally {
    holder.isHolding = false;
  }
}

/** How the pool says that none came free, and that none was made, in time. */
const isTooLate = /timeout exceeded when trying to connect|due to connection timeout/;

/**
 * Lets a connection read whole tables only where no index helps. A statement is planned when it is first used, and for a table
 * that is still empty, or is so most of the time, reading all of it is the cheapest plan. The plan is kept, and minutes
 * go by before PostgreSQL looks at the table again. The pool waits for what this returns, though its type says nothing of it.
 */
function goByIndexes(client: ClientBase): void {
  return client.query("set enable_seqscan = off") as never;
}

type Release = (error?: Error | boolean) => void;
type Taken = (error: Error | undefined, client: PoolClient | undefined, release: Release) => void;

/** What a statement fails with when the database stands still. */
class StandingStillError extends Error {
  readonly code = "ETIMEDOUT";
  constructor() {
    super("timeout: the database does not answer");
  }
}

/**
 * A pool whose users cannot deadlock. If several holders of a connection each asked for another, they could
 * all wait forever. Such a request is refused at once, even when a connection is free, so that the first test
 * finds the mistake. Every other wait has a time limit. A client's request that waits for an answer is given up when
 * the database stands still; a statement that only takes long is not, whoever sent it.
 */
export class BoundedPool extends Pool {
  readonly #readiness: Readiness;
  /** Connections that a client's request holds, and since when. */
  readonly #awaited = new Map<PoolClient, number>();
  #isLooking = false;

  constructor(url: string, max: number) {
    super({
      ...reachOf(url),
      max,
      // Statements of a transaction that do not wait for each other's results are sent together.
      pipeline: true,
      onConnect: goByIndexes,
    });
    this.#readiness = new Readiness(url);
    this.on("release", (_error, client) => void this.#awaited.delete(client));
    this.on("remove", (client) => void this.#awaited.delete(client));
    // A getter, because the pool reads this option on each request for a connection.
    Object.defineProperty(this.options, "connectionTimeoutMillis", {
      get: () => (isClientWaiting() ? requestWaitMs : workWaitMs),
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(taken: Taken): void;
  override connect(taken?: Taken): Promise<PoolClient> | void {
    if (holders.getStore()?.isHolding !== true) return this.#connect(taken);
    const error = new Error(
      "A connection was asked for by what holds one already: use the transaction's own",
    );
    if (!taken) return Promise.reject(error);
    taken(error, undefined, () => undefined);
  }

  #connect(taken?: Taken): Promise<PoolClient> | void {
    const isAwaited = isClientWaiting();
    const name = (error: Error): Error =>
      isAwaited && isTooLate.test(error.message) ? new BusyError() : error;
    if (!taken) {
      return super.connect().then(
        (client) => this.#taken(client, isAwaited),
        (error: Error) => {
          throw name(error);
        },
      );
    }
    super.connect(((error, client, release) =>
      taken(
        error && name(error),
        client && this.#taken(client, isAwaited),
        once(release),
      )) as Taken as never);
  }

  #taken(client: PoolClient, isAwaited: boolean): PoolClient {
    if (!isAwaited) return client;
    this.#awaited.set(client, performance.now());
    if (!this.#isLooking) this.#lookSoon();
    return client;
  }

  #lookSoon(): void {
    this.#isLooking = true;
    setTimeout(() => void this.#lookAfter(), lookEveryMs).unref();
  }

  async #lookAfter(): Promise<void> {
    const late = [...this.#awaited].filter(([, since]) => performance.now() - since > suspiciousMs);
    if (late.length > 0 && (await this.#readiness.problem()) === standsStill) {
      // Whoever has got its answer meanwhile has given its connection back.
      for (const [client, since] of late) if (this.#awaited.get(client) === since) cut(client);
    }
    if (this.#awaited.size > 0) this.#lookSoon();
    else this.#isLooking = false;
  }
}

/**
 * Gives a connection back the first time it is called. graphile-worker 0.18 gives the one it listens on back twice
 * when it stops while its first statement fails, and the pool throws at that where nobody can catch it. There is none to give
 * back from a pool that has ended.
 */
function once(release: Release | undefined): Release {
  let isReleased = false;
  return (error) => {
    if (isReleased) return;
    isReleased = true;
    release?.(error);
  };
}

/** Ends the connection: its statements fail, and the pool forgets it. Not in the types of `pg`. */
function cut(client: PoolClient): void {
  const { connection } = client as PoolClient & { connection: { stream: Socket } };
  connection.stream.destroy(new StandingStillError());
}
