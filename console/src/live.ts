import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { useEffect, useRef } from "react";
import { useClient, type AnyVariables } from "urql";

/** A subscription for as long as the component is there. The client package keeps it going over disconnects. */
export function useLive<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
  isOn = true,
): void {
  const client = useClient();
  const latest = useRef(onData);
  useEffect(() => void (latest.current = onData));
  const identity = JSON.stringify(variables);
  useEffect(() => {
    if (!isOn) return;
    const subscription = client
      .subscription(query, variables)
      .subscribe(({ data }) => data && latest.current(data));
    return () => subscription.unsubscribe();
    // Variables with the same content are the same.
  }, [client, query, identity, isOn]);
}
