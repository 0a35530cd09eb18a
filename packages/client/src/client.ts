import { isPassing, problemOf, refusalOf, type SmsgraphError } from "./errors.ts";
import { follow, iterate, stoppable, type ConnectionState, type Sink } from "./follow.ts";
import { sendMutation, watchCampaignQuery, watchMessageQuery } from "./queries.ts";
import type { CampaignFields, MessageFields, SendMessageInput, SendResult } from "./types.ts";
import { messageEvents, type MessageEvent, type MessageEventsOptions } from "./message-events.ts";
import { overSocket } from "./sockets.ts";
import { overSse, post, resultIn, type Access, type Operation } from "./transport.ts";

type Secret = string | (() => string | Promise<string>);

export interface ClientOptions {
  /** Where smsgraph is: `https://sms.example.com`, with or without `/graphql`. */
  url: string;
  /** The API key, or a function that is asked for it at each connection, and again when it has expired. */
  key?: Secret;
  /** A watch token in its place, for browsers. */
  token?: Secret;
  /** What carries subscriptions (default `ws`, or `sse` where there is no WebSocket, as on Node 20). */
  transport?: "ws" | "sse";
  /** The WebSocket class where there is none built in: that of the package `ws`. */
  webSocket?: unknown;
  fetch?: typeof fetch;
  /** Hears when subscriptions open, and when one is broken off and why. */
  onState?: (state: ConnectionState) => void;
}

export interface Client {
  /** Every event of the account's messages that fits, each once and in order, over any number of disconnects. */
  messageEvents: <More = object>(
    options?: MessageEventsOptions,
  ) => AsyncGenerator<MessageEvent<More>, void, void>;
  /** The present state of a message at once, then each change. */
  watchMessage: (id: string) => AsyncGenerator<MessageFields, void, void>;
  /** The present state of a campaign at once, then its changes, at most `maxPerSecond` (default 4). */
  watchCampaign: (
    id: string,
    options?: { maxPerSecond?: number },
  ) => AsyncGenerator<CampaignFields, void, void>;
  /**
   * Sends a message: the message as stored, or one of the API's typed errors (`isError`). Tries again when the
   * network breaks, which cannot send twice: each call has an idempotency key.
   * @throws SmsgraphError when the key is refused or nothing answers
   */
  send: (input: SendMessageInput) => Promise<SendResult>;
  /** Any query or mutation. @throws SmsgraphError */
  request: <Data>(operation: Operation | FormData) => Promise<Data>;
  /** Any subscription, kept going as `messageEvents` is. The answer ends it. */
  subscribe: (operation: Operation, sink: Sink, after?: string) => () => void;
}

const maxTries = 4;
const retryMs = 500;

export function createClient(options: ClientOptions): Client {
  const access = accessOf(options);
  const { onState, webSocket = globalThis.WebSocket, transport = webSocket ? "ws" : "sse" } = options;
  const open = transport === "sse" ? overSse(access) : overSocket(access, webSocket);
  const renews = typeof (options.key ?? options.token) === "function";
  const request = requestsOf(access);
  const subscribe: Client["subscribe"] = (operation, sink, after) =>
    follow(open, operation, sink, { after, onState, renews });

  function watch<Value>(
    query: string,
    variables: Record<string, unknown>,
    isNews: (value: Value) => boolean = () => true,
  ): AsyncGenerator<Value, void, void> {
    const start = (sink: Sink): (() => void) => subscribe({ query, variables }, sink);
    return stoppable(async function* (stopped) {
      for await (const data of iterate<Record<string, Value>>(start, undefined, stopped))
        yield* Object.values(data).filter(isNews);
    });
  }

  return {
    messageEvents: (wanted = {}) =>
      stoppable((stopped) => messageEvents(subscribe, wanted, stopped), wanted.signal),
    watchMessage(id) {
      // A new connection begins with the present state, which may be known.
      let known = -1;
      const isNews = ({ version }: MessageFields): boolean => version > known && (known = version) >= 0;
      return watch(watchMessageQuery, { id }, isNews);
    },
    watchCampaign: (id, { maxPerSecond } = {}) => watch(watchCampaignQuery, { id, maxPerSecond }),
    send: (input) => send(request, input),
    request,
    subscribe,
  };
}

/** A server that reads from replicas shows at least what earlier answers of this client have shown or done. */
function requestsOf(access: Access): Client["request"] {
  let after: string | null = null;
  return async <Data>(operation: Operation | FormData) => {
    const isForm = operation instanceof FormData;
    const body = isForm ? operation : JSON.stringify({ ...operation, extensions: { after } });
    const response = await post(access, body, { accept: "application/json" }).catch((error: unknown) => {
      throw problemOf(error);
    });
    const { data, errors, extensions } = await resultIn(response);
    const seen = extensions?.["after"];
    if (typeof seen === "string" && (after === null || placeOf(seen) > placeOf(after))) after = seen;
    if (errors) throw refusalOf(errors);
    return data as Data;
  };
}

/** Answers come in any order. */
const placeOf = (cursor: string): bigint => BigInt(atob(cursor).slice(2));

async function send(request: Client["request"], input: SendMessageInput): Promise<SendResult> {
  const variables = { input: { idempotencyKey: newKey(), ...input } };
  for (let tries = 1; ; tries++) {
    try {
      const answer = await request<{ sendMessage: SendResult }>({ query: sendMutation, variables });
      return answer.sendMessage;
    } catch (error) {
      if (tries === maxTries || !isPassing(error as SmsgraphError)) throw error;
      await new Promise((done) => setTimeout(done, retryMs * 2 ** tries * Math.random()));
    }
  }
}

function accessOf({ url, key, token, fetch: ask = fetch }: ClientOptions): Access {
  const { location } = globalThis as { location?: { href: string } };
  const endpoint = new URL(url, location?.href);
  if (endpoint.pathname === "/") endpoint.pathname = "/graphql";
  endpoint.protocol = endpoint.protocol.replace("ws", "http");
  const secret = key ?? token;
  return {
    url: endpoint.href,
    authorization: async () => `Bearer ${typeof secret === "function" ? await secret() : secret}`,
    fetch: (input, init) => ask(input, init),
  };
}

/** Not `crypto.randomUUID`, which browsers have on secure pages only. */
const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join("-");
