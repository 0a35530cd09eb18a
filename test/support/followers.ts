import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { cacheExchange, Client as UrqlClient, fetchExchange } from "@urql/core";
import { Environment, RecordSource, requestSubscription, Store, type GraphQLTaggedNode } from "relay-runtime";
import { createClient, type ClientOptions } from "smsgraph";
import { smsgraphLink } from "smsgraph/apollo";
import { possibleTypes } from "smsgraph/possible-types";
import { smsgraphNetwork } from "smsgraph/relay";
import { smsgraphExchange } from "smsgraph/urql";
import { WebSocket } from "ws";

/** Where a follower puts the id of each event, in the order in which it comes. */
export interface Following {
  seen: string[];
  /** Set by the first frame. */
  isOpen: boolean;
  /** Why it ended; it must not. */
  ending?: unknown;
  close: () => void;
}

type Start = (options: ClientOptions, following: Following) => () => void;

interface Data {
  messageEvents: { events?: { id: string }[] };
}

/** As an application writes it that knows of no cursors. */
const query = `subscription Watch {
  messageEvents {
    __typename
    ... on MessageEventBatch { events { id status } }
    ... on CaughtUp { cursor }
  }
}`;

const follower =
  (options: Partial<ClientOptions>): Start =>
  (given, following) => {
    const client = createClient({ ...given, ...options });
    const events = client.messageEvents({ onCaughtUp: () => void (following.isOpen = true) });
    const run = async (): Promise<void> => {
      for await (const { id } of events) following.seen.push(id);
    };
    run().then(
      () => (following.ending = "complete"),
      (error: unknown) => (following.ending = error),
    );
    return () => void events.return();
  };

function take(following: Following, data: unknown): void {
  following.isOpen = true;
  const { messageEvents } = data as Data;
  following.seen.push(...(messageEvents.events ?? []).map(({ id }) => id));
}

const urql: Start = (options, following) => {
  const client = new UrqlClient({
    url: `${options.url}/graphql`,
    preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange, smsgraphExchange(options)],
  });
  const subscription = client.subscription<Data>(query, {}).subscribe(({ data, error }) => {
    if (error) following.ending = error;
    else take(following, data);
  });
  return () => subscription.unsubscribe();
};

const apollo: Start = (options, following) => {
  const http = new HttpLink({ uri: `${options.url}/graphql` });
  const client = new ApolloClient({
    link: ApolloLink.from([smsgraphLink(options), http]),
    cache: new InMemoryCache({ possibleTypes }),
  });
  const subscription = client.subscribe<Data>({ query: gql(query), fetchPolicy: "no-cache" }).subscribe({
    next({ data, error }) {
      if (error) following.ending = error;
      else take(following, data);
    },
    error: (error: unknown) => (following.ending = error),
    complete: () => (following.ending = "complete"),
  });
  return () => subscription.unsubscribe();
};

const field = (name: string, more: object = {}) => ({
  alias: null,
  args: null,
  kind: "ScalarField",
  name,
  storageKey: null,
  ...more,
});
const selections = [
  {
    alias: null,
    args: null,
    concreteType: null,
    kind: "LinkedField",
    name: "messageEvents",
    plural: false,
    storageKey: null,
    selections: [
      field("__typename"),
      {
        kind: "InlineFragment",
        type: "MessageEventBatch",
        abstractKey: null,
        selections: [
          {
            alias: null,
            args: null,
            concreteType: "MessageEvent",
            kind: "LinkedField",
            name: "events",
            plural: true,
            storageKey: null,
            selections: [field("id"), field("status")],
          },
        ],
      },
    ],
  },
];

/** As relay-compiler writes it. */
const relayDocument = {
  kind: "Request",
  fragment: {
    argumentDefinitions: [],
    kind: "Fragment",
    metadata: null,
    name: "Watch",
    selections,
    type: "Subscription",
    abstractKey: null,
  },
  operation: { argumentDefinitions: [], kind: "Operation", name: "Watch", selections },
  params: {
    cacheID: "watch",
    id: null,
    metadata: {},
    name: "Watch",
    operationKind: "subscription",
    text: query,
  },
} as unknown as GraphQLTaggedNode;

const relay: Start = (options, following) => {
  const environment = new Environment({
    network: smsgraphNetwork(options),
    store: new Store(new RecordSource()),
  });
  const { dispose } = requestSubscription(environment, {
    subscription: relayDocument,
    variables: {},
    onNext: (data) => take(following, data),
    onError: (error) => (following.ending = error),
    onCompleted: () => (following.ending = "complete"),
  });
  return dispose;
};

const starts: Record<string, Start> = {
  "the core over a WebSocket": follower({}),
  "the core over ws": follower({ webSocket: WebSocket }),
  "the core over SSE": follower({ transport: "sse" }),
  "urql over a WebSocket": urql,
  "urql over SSE": (options, following) => urql({ ...options, transport: "sse" }, following),
  "Apollo Client over a WebSocket": apollo,
  "Apollo Client over SSE": (options, following) => apollo({ ...options, transport: "sse" }, following),
  "Relay over a WebSocket": relay,
  "Relay over SSE": (options, following) => relay({ ...options, transport: "sse" }, following),
};

/** One of each kind of client that resumes, by name. */
export function startFollowers(options: ClientOptions): Map<string, Following> {
  return new Map(
    Object.entries(starts).map(([name, start]) => {
      const following: Following = { seen: [], isOpen: false, close: () => undefined };
      following.close = start(options, following);
      return [name, following];
    }),
  );
}
