export { createClient, type Client, type ClientOptions } from "./client.ts";
export { SmsgraphError, type GraphqlError } from "./errors.ts";
export type { ConnectionState, Sink } from "./follow.ts";
export { isError } from "./is-error.ts";
export type { MessageEvent, MessageEventsOptions } from "./message-events.ts";
export { localStorageStore, type CursorStore } from "./store.ts";
export type { Operation, Result } from "./transport.ts";
export type * from "./types.ts";
