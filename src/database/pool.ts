import { AsyncLocalStorage } from "node:async_hooks";
import { Pool, type PoolClient } from "pg";
import { BusyError } from "../lib/errors.ts";
import { isClientWaiting } from "../lib/waited-for.ts";

/** How long a request waits for a connection, and how long work that nobody waits for does. */
const requestWaitMs = 4_000;
const workWaitMs = 60_000;

interface Holder {
  isHolding: boolean;
}

const holders = new AsyncLocalStorage<Holder>();

/** Runs `work`, which has a connection of the pool: until it ends, it cannot get a second one. */
export async function holdingConnection<Result>(work: () => Promise<Result>): Promise<Result> {
  const holder: Holder = { isHolding: true };
  try {
    // Awaited in here: a question to Prisma is asked only when somebody waits for its answer.
    return await holders.run(holder, async () => await work());
  } finally {
    holder.isHolding = false;
  }
}

/** How the pool says that none came free, and that none was made, in time. */
const isTooLate = /timeout exceeded when trying to connect|due to connection timeout/;

type Taken = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

/**
 * A pool whose connections cannot wait for each other. If whoever holds one asks for another, a few of them at once
 * wait for ever, and with them everybody else: such a question is refused at once, also where there is room, so that
 * the mistake is found by the first test that goes that way. Other waiting has an end.
 */
export class BoundedPool extends Pool {
  constructor(connectionString: string, max: number) {
    // Statements of a transaction that do not need each other's answers go out together.
    super({ connectionString, max, pipeline: true });
    // The pool reads it whenever somebody asks for a connection.
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
    const name = (error: Error): Error => (isAwaited && isTooLate.test(error.message) ? new BusyError() : error);
    if (!taken) {
      return super.connect().catch((error: Error) => {
        throw name(error);
      });
    }
    super.connect(((error, client, release) => taken(error && name(error), client, release)) as Taken as never);
  }
}
