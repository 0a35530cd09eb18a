import { subscriptionExchange, type Exchange, type ExecutionResult } from "@urql/core";
import { createClient, type Client, type ClientOptions } from "./client.ts";

/**
 * Carries urql's subscriptions, in place of its `subscriptionExchange`: those of `messageEvents` go on from
 * where they broke off, all others begin again with the present state. Nothing else changes in the application.
 */
export function smsgraphExchange(connection: ClientOptions | Client): Exchange {
  const client = "subscribe" in connection ? connection : createClient(connection);
  return subscriptionExchange({
    forwardSubscription: ({ query = "", variables, operationName }) => ({
      subscribe(sink) {
        const unsubscribe = client.subscribe(
          { query, variables: variables as Record<string, unknown>, operationName },
          {
            next: (result) => sink.next(result as ExecutionResult),
            complete: () => sink.complete(),
            error(error) {
              if (error.errors.length === 0) return sink.error(error);
              sink.next({ errors: [...error.errors] });
              sink.complete();
            },
          },
        );
        return { unsubscribe };
      },
    }),
  });
}
