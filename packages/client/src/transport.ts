import { problemOf, SmsgraphError, type GraphqlError } from "./errors.ts";

/** A GraphQL operation. */
export interface Operation {
  query: string;
  variables?: Record<string, unknown> | undefined;
  operationName?: string | undefined;
}

/** What an operation is answered with, once or again and again. */
export interface Result<Data = unknown> {
  data?: Data | null;
  errors?: readonly GraphqlError[];
  extensions?: Record<string, unknown>;
}

/** Hears one connection of a subscription. */
export interface Listener {
  /** @param cursor where the stream stands after this result; undefined when it cannot be resumed */
  next: (result: Result, cursor: string | undefined) => void;
  /** Called once. Without a problem, the server said that the subscription is complete. */
  end: (problem?: SmsgraphError) => void;
}

/** Opens a subscription, after `cursor` when there is one. The answer closes it. */
export type Transport = (operation: Operation, cursor: string | undefined, listener: Listener) => () => void;

/** Where the server is and who asks. */
export interface Access {
  url: string;
  /** The value of the `Authorization` header. */
  authorization: () => Promise<string>;
  fetch: typeof fetch;
}

export async function post(
  { url, authorization, fetch }: Access,
  body: string | FormData,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  const sent: Record<string, string> = { authorization: await authorization(), ...headers };
  if (typeof body === "string") sent["content-type"] = "application/json";
  return fetch(url, { method: "POST", headers: sent, body, signal: signal ?? null });
}

/** The answer as GraphQL has it. @throws SmsgraphError when it is something else. */
export async function resultIn(response: Response): Promise<Result> {
  const result = (await response.json().catch(() => null)) as Result | null;
  if (result?.data || result?.errors) return result;
  throw new SmsgraphError("UNREACHABLE", `${response.url} answered ${response.status}, not as smsgraph does`);
}

/** The server says something every 12 seconds. */
const silenceMs = 30_000;

/** Subscriptions as server-sent events. */
export function overSse(access: Access): Transport {
  return (operation, cursor, { next, end }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const headers = {
      accept: "text/event-stream",
      ...(cursor !== undefined && { "last-event-id": cursor }),
    };
    const run = async (): Promise<void> => {
      const response = await post(access, JSON.stringify(operation), headers, signal);
      if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream"))
        return next(await resultIn(response), undefined);
      for await (const [event, id, data] of eventsOf(response.body, controller)) {
        if (event === "complete") return;
        next(JSON.parse(data) as Result, id);
      }
      throw new Error("The stream broke off");
    };
    run().then(
      () => signal.aborted || end(),
      (error: unknown) => signal.reason === left || end(problemOf(error)),
    );
    return () => controller.abort(left);
  };
}

const left = "left";

async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
): AsyncGenerator<[event: string | undefined, id: string | undefined, data: string]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const timer = setTimeout(() => controller.abort(new Error("The server fell silent")), silenceMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
      const event = field("event");
      if (event) yield [event, field("id"), field("data") ?? ""];
    }
  }
}
