import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as UrqlClient, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient, type Client } from "graphql-ws";
import { possibleTypes } from "smsgraph/possible-types";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { sendAll } from "../support/pages.ts";
import { eventually } from "../support/process.ts";
import { RestartableApp } from "../support/restartable-app.ts";

const query = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id } }
    ... on CaughtUp { cursor }
  }
}`;

interface Data {
  messageEvents: { cursor: string; events?: { id: string }[] };
}

/** What a client of another library has been told. */
interface Told {
  ids: string[];
  isOpen: boolean;
  isComplete: boolean;
}

let app: RestartableApp;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  app = await RestartableApp.start();
});

afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await app.close();
});

const endpoint = (scheme: "http" | "ws"): string => `${scheme}://127.0.0.1:${app.proxy.port}/graphql`;

/** As their documents set them up that want a connection which comes back. */
function sockets(): Client {
  const client = createClient({
    url: endpoint("ws"),
    connectionParams: { authorization: `Bearer ${app.key}` },
    retryAttempts: Infinity,
    retryWait: () => new Promise((done) => setTimeout(done, 100)),
    shouldRetry: (problem) => (problem as CloseEvent).code !== 4403,
  });
  closers.push(() => client.dispose());
  return client;
}

const tell = (told: Told, data: unknown): string => {
  const { cursor, events = [] } = (data as Data).messageEvents;
  told.isOpen = true;
  told.ids.push(...events.map(({ id }) => decodeId("MessageEvent", id)));
  return cursor;
};

type Start = (told: Told) => void;

function subscribe(
  told: Told,
  variables: Record<string, unknown>,
  onCursor: (cursor: string) => void = () => undefined,
): void {
  const sink = {
    next: ({ data }: { data?: unknown }) => onCursor(tell(told, data)),
    error: () => (told.isComplete = true),
    complete: () => (told.isComplete = true),
  };
  closers.push(sockets().subscribe({ query, variables }, sink));
}

const stock: Record<string, Start> = {
  "graphql-ws": (told) => subscribe(told, {}),
  urql(told) {
    const client = sockets();
    const forwardSubscription: Parameters<typeof subscriptionExchange>[0]["forwardSubscription"] = (
      request,
    ) => ({
      subscribe: (sink) => ({
        unsubscribe: client.subscribe({ ...request, query: request.query ?? "" }, sink as never),
      }),
    });
    const urql = new UrqlClient({
      url: endpoint("http"),
      preferGetMethod: false,
      exchanges: [subscriptionExchange({ forwardSubscription })],
    });
    const subscription = urql.subscription<Data>(query, {}).subscribe(({ data, error }) => {
      if (error) told.isComplete = true;
      else tell(told, data);
    });
    closers.push(() => subscription.unsubscribe());
  },
  "Apollo Client"(told) {
    const client = new ApolloClient({
      link: new GraphQLWsLink(sockets()),
      cache: new InMemoryCache({ possibleTypes }),
    });
    const subscription = client
      .subscribe<Data>({ query: gql(query), fetchPolicy: "no-cache" })
      .subscribe({ next: ({ data }) => tell(told, data), complete: () => (told.isComplete = true) });
    closers.push(() => subscription.unsubscribe());
  },
  "graphql-sse"(told) {
    const client = createSseClient({
      url: endpoint("http"),
      headers: { authorization: `Bearer ${app.key}` },
      retryAttempts: Infinity,
      retry: () => new Promise((done) => setTimeout(done, 100)),
    });
    closers.push(
      client.subscribe(
        { query },
        {
          next: ({ data }) => tell(told, data),
          error: () => (told.isComplete = true),
          complete: () => (told.isComplete = true),
        },
      ),
    );
  },
};

function start(begin: Start): Told {
  const told: Told = { ids: [], isOpen: false, isComplete: false };
  begin(told);
  return told;
}

const send = (): Promise<string[]> => sendAll(app.client, [{}, {}]);

/** Every message has ended, so that the log stays as it is. */
async function settled(): Promise<string[]> {
  const isDone = async (): Promise<boolean> => {
    const log = await app.log();
    const ended = new Set(
      log.filter(({ status }) => status === "DELIVERED").map(({ messageId }) => messageId),
    );
    return ended.size === new Set(log.map(({ messageId }) => messageId)).size;
  };
  await eventually(isDone);
  return (await app.log()).map(({ tx, id }) => `${tx}.${id}`);
}

it("clients of other libraries are not silenced by a graceful restart, and one whose cursor follows misses nothing", async () => {
  const clients = new Map(Object.entries(stock).map(([name, begin]) => [name, start(begin)]));
  let cursor: string | undefined;
  const following = {
    get after() {
      return cursor;
    },
  };
  const resuming = start((told) => subscribe(told, following, (reached) => void (cursor = reached)));
  await eventually(() => [...clients.values(), resuming].every(({ isOpen }) => isOpen));
  await send();
  const newest = (await settled()).at(-1) ?? "";
  // What comes later opens the streams of the restarted server.
  await eventually(() => [...clients.values()].every(({ ids }) => ids.includes(newest)));
  for (const told of clients.values()) told.isOpen = false;
  await app.stop();
  await app.restart();
  await eventually(() => [...clients.values()].every(({ isOpen, isComplete }) => isOpen || isComplete));
  const before = (await settled()).length;
  await send();
  const logged = await settled();
  const last = logged.at(-1) ?? "";
  await eventually(() => [...clients.values(), resuming].every(({ ids }) => ids.includes(last)));
  for (const [name, { ids, isComplete }] of clients) {
    expect(isComplete, name).toBe(false);
    expect(ids.slice(before - logged.length), name).toEqual(logged.slice(before));
  }
  expect(resuming.ids).toEqual(logged);
}, 300_000);
