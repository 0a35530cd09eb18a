import {
  Network,
  Observable,
  type FetchFunction,
  type GraphQLResponse,
  type SubscribeFunction,
} from "relay-runtime";
import { createClient, type Client, type ClientOptions } from "./client.ts";

/** `fetch` and `subscribe` for `Network.create` of an application that makes its network itself. */
export function smsgraphNetworkFunctions(connection: ClientOptions | Client): {
  fetch: FetchFunction;
  subscribe: SubscribeFunction;
} {
  const client = "subscribe" in connection ? connection : createClient(connection);
  return {
    async fetch({ text, name }, variables) {
      const data = await client.request({ query: text ?? "", variables, operationName: name });
      return { data } as GraphQLResponse;
    },
    subscribe: ({ text, name }, variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        client.subscribe(
          { query: text ?? "", variables, operationName: name },
          {
            next: (result) => sink.next(result as GraphQLResponse),
            complete: () => sink.complete(),
            error: (error) => sink.error(error),
          },
        ),
      ),
  };
}

/**
 * The network layer of a Relay environment: `new Environment({ network: smsgraphNetwork({ url, key }), store })`.
 * Subscriptions to `messageEvents` go on from where they broke off, all others begin again with the present state.
 */
export function smsgraphNetwork(connection: ClientOptions | Client): ReturnType<typeof Network.create> {
  const { fetch, subscribe } = smsgraphNetworkFunctions(connection);
  return Network.create(fetch, subscribe);
}
