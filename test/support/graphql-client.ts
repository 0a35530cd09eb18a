import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";

export interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string } & Record<string, unknown>;
}

export interface GraphqlResult<Data> {
  data?: Data | null;
  errors?: GraphqlError[];
}

/** A plain client over HTTP and, for subscriptions, graphql-ws. */
export class GraphqlClient {
  readonly url: string;
  readonly key: string | undefined;
  #sockets: Client[] = [];

  constructor(url: string, key: string | undefined) {
    this.url = url;
    this.key = key;
  }

  get headers(): Record<string, string> {
    return this.key === undefined ? {} : { authorization: `Bearer ${this.key}` };
  }

  async send<Data>(query: string, variables: Record<string, unknown> = {}): Promise<GraphqlResult<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.headers },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphqlResult<Data>;
  }

  /** The data of an operation that must have no errors. */
  async data<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { data, errors } = await this.send<Data>(query, variables);
    if (errors || !data) throw new Error(`Unexpected errors: ${JSON.stringify(errors)}`);
    return data;
  }

  /** The results of a subscription over WebSocket. */
  subscribe<Data>(
    query: string,
    variables: Record<string, unknown> = {},
  ): AsyncIterableIterator<GraphqlResult<Data>> {
    const results = this.socket().iterate<Data>({ query, variables });
    const next = results.next.bind(results);
    results.next = (...args) => {
      const result = next(...args);
      // A test may end while it waits for a result: the server's stop then rejects what nobody awaits any more.
      result.catch(() => {});
      return result;
    };
    return results as AsyncIterableIterator<GraphqlResult<Data>>;
  }

  /** A WebSocket connection of its own. */
  socket(): Client {
    const client = createClient({
      url: `${this.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: this.headers,
      retryAttempts: 0,
    });
    this.#sockets.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) await socket.dispose();
  }
}

/** Takes results until one satisfies `isLast`, that one included. */
export async function takeUntil<Value>(
  values: AsyncIterableIterator<Value>,
  isLast: (value: Value) => boolean,
): Promise<Value[]> {
  const taken: Value[] = [];
  for await (const value of values) {
    taken.push(value);
    if (isLast(value)) return taken;
  }
  throw new Error(`The stream ended after ${taken.length} results: ${JSON.stringify(taken.at(-1))}`);
}
