import type { GraphqlClient, GraphqlResult } from "./graphql-client.ts";

export interface SseOptions {
  /** With GET the operation travels in the query string, as an `EventSource` must do it. */
  method: "GET" | "POST";
  signal?: AbortSignal;
  /** What an `EventSource` sends by itself when it reconnects. */
  lastEventId?: string | undefined;
}

/** Asks for an operation as an event stream. */
export function fetchEventStream(
  { url, headers }: GraphqlClient,
  operation: { query: string; variables?: Record<string, unknown> },
  { method, signal, lastEventId }: SseOptions,
): Promise<Response> {
  const resume: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const accept = { ...headers, ...resume, accept: "text/event-stream" };
  const endpoint = new URL("/graphql", url);
  if (method === "POST") {
    const body = JSON.stringify(operation);
    const posted = { ...accept, "content-type": "application/json" };
    return fetch(endpoint, { method, headers: posted, body, signal: signal ?? null });
  }
  endpoint.searchParams.set("query", operation.query);
  endpoint.searchParams.set("variables", JSON.stringify(operation.variables ?? {}));
  return fetch(endpoint, { headers: accept, signal: signal ?? null });
}

/** The results of a subscription over SSE, until its `complete` event. Leaving the loop closes the connection. */
export async function* subscribeOverSse<Data>(
  client: GraphqlClient,
  operation: { query: string; variables?: Record<string, unknown> },
  method: SseOptions["method"],
): AsyncGenerator<GraphqlResult<Data>> {
  for await (const { result } of subscribeWithIds<Data>(client, operation, { method })) yield result;
}

/** The same with the `id` of each event, and from where an earlier connection had come. */
export async function* subscribeWithIds<Data>(
  client: GraphqlClient,
  operation: { query: string; variables?: Record<string, unknown> },
  options: SseOptions,
): AsyncGenerator<{ id: string | undefined; result: GraphqlResult<Data> }> {
  const controller = new AbortController();
  try {
    const { body } = await fetchEventStream(client, operation, { ...options, signal: controller.signal });
    if (!body) throw new Error("The answer has no body");
    for await (const { event, data, id } of readEvents(body)) {
      if (event === "complete") return;
      yield { id, result: JSON.parse(data) as GraphqlResult<Data> };
    }
    throw new Error("The stream ended without a complete event");
  } finally {
    controller.abort();
  }
}

interface ServerSentEvent {
  event: string;
  data: string;
  id: string | undefined;
}

async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSentEvent> {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) yield event;
    }
  }
}

/** Undefined for a comment, which only keeps the connection open. */
function parseEvent(block: string): ServerSentEvent | undefined {
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"));
  if (lines.length === 0) return undefined;
  const fields = new Map(lines.map((line) => [line.split(":", 1)[0], line.replace(/^[^:]*: ?/, "")]));
  return { event: fields.get("event") ?? "message", data: fields.get("data") ?? "", id: fields.get("id") };
}
