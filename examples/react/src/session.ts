import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { followMessages, type LiveMessages } from "./live-messages.ts";
import { forwardResumably } from "./resume.ts";
import { createStore, type Store } from "./store.ts";

export type Connection = "connecting" | "connected" | "reconnecting" | "refused";

/** Everything that hangs on one API key. */
export interface Session {
  client: Client;
  connection: Store<Connection>;
  live: LiveMessages;
}

const refused = 4403;

export function openSession(key: string): Session {
  const authorization = `Bearer ${key}`;
  const connection = createStore<Connection>("connecting");
  const sockets = createClient({
    url: `${location.origin.replace(/^http/, "ws")}/graphql`,
    connectionParams: { authorization },
    retryAttempts: Infinity,
    retryWait: () => new Promise((done) => setTimeout(done, 500 + Math.random() * 1000)),
    // A server that is away comes back. A key that is refused stays refused.
    shouldRetry: (problem) => (problem as CloseEvent).code !== refused,
    on: {
      connected: () => connection.set("connected"),
      closed: (event) => connection.set((event as CloseEvent).code === refused ? "refused" : "reconnecting"),
    },
  });
  const client = new Client({
    url: "/graphql",
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    // No cache: what is shown is kept up to date by the stream.
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription: forwardResumably(sockets) })],
  });
  return { client, connection, live: followMessages(client, `smsgraph:live:${key}`) };
}
