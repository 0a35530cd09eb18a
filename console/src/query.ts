import { useEffect, useRef } from "react";
import { useQuery as useOnce, type AnyVariables, type UseQueryArgs, type UseQueryResponse } from "urql";

/** How soon the server is asked again after it did not answer. */
export const againMs = 2000;

/**
 * `useQuery` of urql for a server that may be away for a while: what was shown stays, and it is asked again until it
 * answers. A refusal is an answer.
 */
export function useQuery<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
): UseQueryResponse<Data, Variables> {
  const [state, refresh] = useOnce<Data, Variables>(args);
  const { data, error, fetching } = state;
  const identity = JSON.stringify(args.variables ?? {});
  const last = useRef<{ identity: string; data: Data }>(undefined);
  if (data !== undefined) last.current = { identity, data };
  const isAway = error?.networkError !== undefined && !fetching;
  useEffect(() => {
    if (!isAway) return;
    const timer = setTimeout(() => refresh({ requestPolicy: "network-only" }), againMs);
    return () => clearTimeout(timer);
    // Each failure starts another wait.
  }, [isAway, error, refresh]);
  const kept = last.current?.identity === identity ? last.current.data : undefined;
  return [error?.networkError && kept !== undefined ? { ...state, data: kept } : state, refresh];
}
