import type { SubscriptionForwarder } from "@urql/core";
import type { Client } from "graphql-ws";

/** What a subscription brings: one field, under whatever name. */
type Frame = Record<string, { cursor?: string }>;

const retryMs = 1000;

/**
 * Subscriptions over graphql-ws that go on from their last cursor. graphql-ws sends a subscription again when it has
 * reconnected, and reads its variables then: so all it takes is to let `after` follow the frames.
 */
export function forwardResumably(sockets: Client): SubscriptionForwarder {
  return ({ query = "", variables }) => ({
    subscribe(sink) {
      let after = variables?.["after"] as string | undefined;
      let isOver = false;
      let stop: (() => void) | undefined;
      const payload = {
        query,
        variables: {
          ...variables,
          get after() {
            return after;
          },
        },
      };
      const start = (): void => {
        stop = sockets.subscribe<Frame>(payload, {
          next(result) {
            isOver = result.errors !== undefined;
            sink.next(result as Parameters<typeof sink.next>[0]);
            after = Object.values(result.data ?? {})[0]?.cursor ?? after;
          },
          // graphql-ws tries again by itself, but not after every close code. We do, unless the key was refused.
          error(problem) {
            if (isOver) return;
            if (Array.isArray(problem) || (problem as CloseEvent).code === 4403) sink.error(problem);
            else setTimeout(() => isOver || start(), retryMs);
          },
          // A server that is stopped in good order completes its streams; the next one takes over.
          complete: () => (isOver ? sink.complete() : start()),
        });
      };
      start();
      return {
        unsubscribe() {
          isOver = true;
          stop?.();
        },
      };
    },
  });
}
