import { AsyncLocalStorage } from "node:async_hooks";
import { Pool, type PoolClient } from "pg";
import { BusyError } from "../lib/errors.ts";
import { isClientWaiting } from "../lib/waited-for.ts";

/** How long a client's request waits for a connection, and how long background work does. */
const requestWaitMs = 4_000;
const workWaitMs = 60_000;

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

type Taken = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

/**
 * A pool whose users cannot deadlock. If several holders of a connection each asked for another, they could
 * all wait forever. Such a request is refused at once, even when a connection is free, so that the first test
 * finds the mistake. Every other wait has a time limit.
 */
export class BoundedPool extends Pool {
  constructor(connectionString: string, max: number) {
    // Statements of a transaction that do not wait for each other's results are sent together.
    super({ connectionString, max, pipeline: true });
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
      return super.connect().catch((error: Error) => {
        throw name(error);
      });
    }
    super.connect(((error, client, release) =>
      taken(error && name(error), client, release)) as Taken as never);
  }
}
