import { createContext, createElement, useContext, useEffect, useRef, useState, type ReactNode } from "react";
import type { Client } from "./client.ts";
import type { SmsgraphError } from "./errors.ts";
import type { MessageEvent, MessageEventsOptions } from "./message-events.ts";
import type { CampaignFields, MessageFields } from "./types.ts";

const ClientContext = createContext<Client | undefined>(undefined);

/** Gives the hooks below it their client. */
export const SmsgraphProvider = ({ client, children }: { client: Client; children?: ReactNode }) =>
  createElement(ClientContext.Provider, { value: client }, children);

export function useSmsgraph(): Client {
  const client = useContext(ClientContext);
  if (!client)
    throw new Error("Put an <SmsgraphProvider client={…}> around the components that use smsgraph.");
  return client;
}

/** The newest of something that is watched; `error` is set when it is over. */
export interface Watched<Value> {
  value: Value | undefined;
  error: SmsgraphError | undefined;
}

/** A message as it is now, kept up to date. Without an id nothing is watched. */
export const useMessage = (id: string | undefined): Watched<MessageFields> =>
  useWatched(id, (client, known) => client.watchMessage(known));

/** A campaign and its counts as they are now, kept up to date. */
export const useCampaignProgress = (id: string | undefined): Watched<CampaignFields> =>
  useWatched(id, (client, known) => client.watchCampaign(known));

function useWatched<Value>(
  id: string | undefined,
  watch: (client: Client, id: string) => AsyncGenerator<Value, void, void>,
): Watched<Value> {
  const client = useSmsgraph();
  const [watched, setWatched] = useState<Watched<Value>>({ value: undefined, error: undefined });
  useEffect(() => {
    setWatched({ value: undefined, error: undefined });
    if (id === undefined) return;
    return eachOf(watch(client, id), {
      next: (value) => setWatched({ value, error: undefined }),
      error: (error) => setWatched(({ value }) => ({ value, error })),
    });
    // `watch` is another function each time and does the same.
  }, [client, id]);
  return watched;
}

export interface UseMessageEventsOptions<More> extends Omit<MessageEventsOptions, "signal"> {
  /** How many of the newest events to keep (default 100). */
  limit?: number;
  /** Called for each event, once and in order. */
  onEvent?: (event: MessageEvent<More>) => void;
}

export interface LiveEvents<More> {
  /** The newest first. */
  events: readonly MessageEvent<More>[];
  /** Whether everything logged before has been given. */
  caughtUp: boolean;
  error: SmsgraphError | undefined;
}

/** The account's events, each once and in order. A change of `filter`, `after` or `fields` starts again from the beginning. */
export function useMessageEvents<More = object>(
  options: UseMessageEventsOptions<More> = {},
): LiveEvents<More> {
  const client = useSmsgraph();
  const nothing: LiveEvents<More> = { events: [], caughtUp: false, error: undefined };
  const [live, setLive] = useState(nothing);
  const { filter, after, fields, limit = 100 } = options;
  const identity = JSON.stringify([filter, after, fields]);
  const latest = useRef(options);
  useEffect(() => void (latest.current = options));
  useEffect(() => {
    setLive(nothing);
    const wanted: MessageEventsOptions = {
      ...latest.current,
      onCaughtUp(cursor) {
        setLive((known) => ({ ...known, caughtUp: true }));
        latest.current.onCaughtUp?.(cursor);
      },
      onReset: (reset) => latest.current.onReset?.(reset),
    };
    return eachOf(client.messageEvents<More>(wanted), {
      next(event) {
        setLive((known) => ({ ...known, events: [event, ...known.events].slice(0, limit) }));
        latest.current.onEvent?.(event);
      },
      error: (error) => setLive((known) => ({ ...known, error })),
    });
  }, [client, identity, limit]);
  return live;
}

/** Calls for each value until it is stopped. */
function eachOf<Value>(
  values: AsyncGenerator<Value, void, void>,
  { next, error }: { next: (value: Value) => void; error: (error: SmsgraphError) => void },
): () => void {
  let isOver = false;
  const run = async (): Promise<void> => {
    for await (const value of values) {
      if (isOver) return;
      next(value);
    }
  };
  run().catch((problem: unknown) => isOver || error(problem as SmsgraphError));
  return () => {
    isOver = true;
    void values.return();
  };
}
