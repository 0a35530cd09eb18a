import { ApolloLink, Observable } from "@apollo/client";
import { OperationTypeNode, print } from "graphql";
import { createClient, type Client, type ClientOptions } from "./client.ts";

/**
 * Carries the subscriptions of Apollo Client, in front of the link for the rest:
 * `ApolloLink.from([smsgraphLink({ url, key }), new HttpLink(…)])`. Those of `messageEvents` go on from where
 * they broke off, all others begin again with the present state. Nothing else changes in the application.
 */
export function smsgraphLink(connection: ClientOptions | Client): ApolloLink {
  const client = "subscribe" in connection ? connection : createClient(connection);
  return new ApolloLink((operation, forward) => {
    if (operation.operationType !== OperationTypeNode.SUBSCRIPTION) return forward(operation);
    const { operationName, variables } = operation;
    const query = print(operation.query);
    return new Observable<ApolloLink.Result>((observer) =>
      client.subscribe(
        { query, variables, operationName },
        {
          next: (result) => observer.next(result as ApolloLink.Result),
          complete: () => observer.complete(),
          error(error) {
            if (error.errors.length === 0) return observer.error(error);
            observer.next({ errors: [...error.errors] });
            observer.complete();
          },
        },
      ),
    );
  });
}
