import { Client, fetchExchange } from "@urql/core";
import { createClient, type ConnectionState } from "smsgraph";
import { smsgraphExchange } from "smsgraph/urql";
import { followMessages, type LiveMessages } from "./live-messages.ts";
import { createStore, type Store } from "./store.ts";

export type Connection = "connecting" | ConnectionState["state"];

/** Everything that hangs on one API key. */
export interface Session {
  client: Client;
  connection: Store<Connection>;
  live: LiveMessages;
}

export function openSession(key: string): Session {
  const connection = createStore<Connection>("connecting");
  const smsgraph = createClient({ url: "/graphql", key, onState: ({ state }) => connection.set(state) });
  const client = new Client({
    url: "/graphql",
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${key}` } },
    // No cache: what is shown is kept up to date by the stream.
    exchanges: [fetchExchange, smsgraphExchange(smsgraph)],
  });
  return { client, connection, live: followMessages(client, `smsgraph:live:${key}`) };
}
