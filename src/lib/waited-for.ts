import { AsyncLocalStorage } from "node:async_hooks";

const requests = new AsyncLocalStorage<true>();

/**
 * Runs work that a client waits for. It waits less long for the database, because a client prefers a quick
 * error.
 */
export const whileClientWaits = <Result>(work: () => Result): Result => requests.run(true, work);

export const isClientWaiting = (): boolean => requests.getStore() === true;
