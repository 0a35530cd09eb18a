import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Viewer } from "../access/api-keys.ts";
import { setRateHeaders } from "../access/rate-headers.ts";
import type { RateLimiter } from "../access/rate-limiter.ts";
import {
  DomainError,
  ForbiddenError,
  RateLimitedError,
  TooManyRequestsError,
  UnauthenticatedError,
} from "../lib/errors.ts";
import { encodeId } from "../lib/global-id.ts";
import type { OpenExports } from "./open-exports.ts";

/** Who sends this request; undefined when it has no key of ours. */
export type Identify = (request: IncomingMessage) => Promise<Viewer | undefined>;

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  TOO_MANY_REQUESTS: 429,
  UNAVAILABLE: 503,
};

/** Answers with lines of CSV, written while they are read, or with the error that `open` throws, as GraphQL does. */
export async function sendCsv(
  request: IncomingMessage,
  response: ServerResponse,
  filename: string,
  readers: Readers,
  open: (viewer: Viewer) => Promise<AsyncGenerator<string>>,
): Promise<void> {
  const gone = new AbortController();
  let lines: AsyncGenerator<string>;
  try {
    const viewer = await readerOf(request, response, readers);
    const leave = readers.exports.enter(viewer);
    response.once("close", () => {
      leave();
      gone.abort();
    });
    lines = readers.exports.inTurns(viewer, await open(viewer), gone.signal);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error instanceof RateLimitedError || error instanceof TooManyRequestsError)
      response.setHeader("retry-after", String(error.retryAfterSeconds));
    const { code } = error;
    const message = error.messageFor(encodeId);
    response.writeHead(statuses[code] ?? 400, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
    return;
  }
  response.writeHead(200, {
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": `attachment; filename="${filename}"`,
  });
  if (request.method === "HEAD") return void response.end();
  // A client that disconnects ends the reading.
  // One piece ahead of the client: a slow one must not have a dozen in memory.
  await pipeline(Readable.from(lines, { highWaterMark: 1 }), response).catch(() => undefined);
}

/** Who asks, and how often. */
export interface Readers {
  identify: Identify;
  limiter: RateLimiter;
  exports: OpenExports;
  /** Calls `end` when the viewer loses access; returns how to stop that. */
  hold: (viewer: Viewer, end: () => void) => () => void;
}

/** Whose data may be read. @throws UnauthenticatedError, ForbiddenError, RateLimitedError */
async function readerOf(
  request: IncomingMessage,
  response: ServerResponse,
  { identify, limiter, hold }: Readers,
): Promise<Viewer> {
  const viewer = await identify(request);
  if (!viewer) throw new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`.");
  if (!viewer.scopes.has("READ"))
    throw new ForbiddenError(`The key "${viewer.keyName}" lacks the scope READ. Use a key that has it.`);
  const limited = limiter.take(viewer, { requests: 1 });
  setRateHeaders(response, limiter.of(viewer).standings(["requests"]));
  if (limited) throw limited;
  const release = hold(viewer, () => response.destroy());
  response.once("close", release);
  return viewer;
}
