import { AsyncLocalStorage } from "node:async_hooks";

/** Runs work as somebody else would, who holds no connection: tests let several meet within one transaction. */
export const elsewhere = AsyncLocalStorage.snapshot();
