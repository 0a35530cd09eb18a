import { AsyncLocalStorage } from "node:async_hooks";

const requests = new AsyncLocalStorage<true>();

/** Runs what a client waits for: it would rather hear soon that we cannot answer than wait longer. */
export const whileClientWaits = <Result>(work: () => Result): Result => requests.run(true, work);

export const isClientWaiting = (): boolean => requests.getStore() === true;
