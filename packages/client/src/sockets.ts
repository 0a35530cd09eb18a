import { createClient, type Client } from "graphql-ws/client";
import { problemOf } from "./errors.ts";
import type { Access, Result, Transport } from "./transport.ts";

const pingMs = 15_000;
const answerMs = 10_000;

/**
 * Subscriptions over one WebSocket, by graphql-ws. Its own retries are turned off: they would send each
 * subscription again with the variables of its first time.
 */
export function overSocket({ url, authorization }: Access, webSocketImpl: unknown): Transport {
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  const client: Client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl,
    connectionParams: async () => ({ authorization: await authorization() }),
    retryAttempts: 0,
    keepAlive: pingMs,
    on: {
      // A connection that was lost without a word is noticed by its missing answer.
      ping(received) {
        if (!received) unanswered = setTimeout(() => client.terminate(), answerMs);
      },
      pong: () => clearTimeout(unanswered),
      closed: () => clearTimeout(unanswered),
    },
  });
  return (operation, cursor, { next, end }) =>
    client.subscribe(
      { ...operation, extensions: { resume: cursor ?? null } },
      {
        next(answer) {
          const result = answer as Result;
          next(result, result.extensions?.["cursor"] as string | undefined);
        },
        error: (problem) => end(problemOf(problem)),
        complete: () => end(),
      },
    );
}
