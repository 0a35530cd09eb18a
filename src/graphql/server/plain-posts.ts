import type { IncomingMessage, ServerResponse } from "node:http";
import { processRegularResult, type FetchAPI, type GraphQLParams } from "graphql-yoga";
import type { Viewer } from "../../access/api-keys.ts";
import { readBytes, UnreadableBody } from "../../http/body.ts";
import type { ServerContext, Yoga } from "../transport-context.ts";
import { untilSentBy } from "./until-sent.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, viewer: Viewer | undefined) => unknown;

/** Longer bodies are counted while they arrive, and Yoga reads them. */
const mostBytes = 64 * 1024;

/**
 * Answers POSTs of JSON through Yoga's pipeline (its plugins, caches, context and masking), without the `Request`,
 * `Response`, headers and streams around it, which cost more than the rest of a small answer. Whatever is not such
 * a request, and whatever the pipeline refuses before it runs, is Yoga's to answer.
 */
export function answerPlainPosts(yoga: Yoga): Answer {
  return async (request, response, viewer) => {
    const mediaType = isPlain(request) ? mediaTypeOf(request.headers.accept) : undefined;
    if (mediaType === undefined) return yoga(request, response, viewer ? { viewer } : {});
    const body = await bodyOf(request);
    if (body === undefined) return;
    const params = paramsIn(body);
    const leaves: (() => void)[] = [];
    const untilSent = (leave: () => void): void => void leaves.push(leave);
    const result =
      params &&
      (await resultOf(yoga, params, request, {
        viewer,
        untilSent,
        req: request,
        res: response,
      }));
    if (!result) return yoga(Object.assign(request, { body }), response, viewer ? { viewer } : {});
    try {
      send(response, processRegularResult(result, plainAnswers, mediaType) as unknown as PlainResponse);
    } finally {
      if (response.writableLength === 0) for (const leave of leaves) leave();
      else for (const leave of leaves) untilSentBy(response)(leave);
    }
  };
}

function send(response: ServerResponse, { text, status, headers }: PlainResponse): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) }).end(text);
}

const isPlain = ({ method, url, headers, body }: IncomingMessage & { body?: unknown }): boolean =>
  method === "POST" &&
  body === undefined &&
  url === "/graphql" &&
  plainJson.test(headers["content-type"] ?? "") &&
  headers["content-encoding"] === undefined &&
  Number(headers["content-length"] ?? Infinity) <= mostBytes;

const plainJson = /^application\/json(; ?charset=utf-8)?$/i;

/** The first type in `Accept` decides. */
function mediaTypeOf(accept = "*/*"): string | undefined {
  const end = accept.indexOf(",");
  return mediaTypes[end < 0 ? accept : accept.slice(0, end)];
}

const mediaTypes: Readonly<Record<string, string>> = {
  "*/*": "application/json",
  "application/json": "application/json",
  "application/graphql-response+json": "application/graphql-response+json",
};

/** Undefined when the client has gone. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  try {
    return await readBytes(request, mostBytes);
  } catch (error) {
    if (error instanceof UnreadableBody) return undefined;
    throw error;
  }
}

function paramsIn(body: Buffer): GraphQLParams | undefined {
  try {
    const params = JSON.parse(body.toString("utf8")) as Partial<GraphQLParams> | null;
    const query: unknown = params?.query;
    // Subscriptions are answered with streams.
    return typeof query === "string" && !query.includes("subscription") ? (params ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when the request is refused before anything runs. */
async function resultOf(yoga: Yoga, params: GraphQLParams, request: IncomingMessage, context: ServerContext) {
  const plainRequest = new PlainRequest(request) as unknown as Request;
  try {
    return await yoga.getResultForParams({ params, request: plainRequest }, context);
  } catch {
    return undefined;
  }
}

/** What plugins read of a `Request`. */
class PlainRequest {
  readonly method = "POST";
  readonly url = "http://localhost/graphql";
  readonly headers: { get: (name: string) => string | null; has: (name: string) => boolean };

  constructor({ headers }: IncomingMessage) {
    const get = (name: string): string | null => headers[name]?.toString() ?? null;
    this.headers = { get, has: (name) => headers[name] !== undefined };
  }
}

/** What Yoga gives a `Response`. */
class PlainResponse {
  readonly text: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(text: string, { status, headers }: Pick<PlainResponse, "status" | "headers">) {
    this.text = text;
    this.status = status;
    this.headers = headers;
  }
}

const plainAnswers = { Response: PlainResponse } as unknown as FetchAPI;
