import { isPassing, refusalOf, type SmsgraphError } from "./errors.ts";
import type { Operation, Result, Transport } from "./transport.ts";

/** How a subscription stands: `problem` is why it is not open. One that is refused does not come back. */
export type ConnectionState =
  | { state: "connected" }
  | { state: "reconnecting"; problem: SmsgraphError; delayMs: number }
  | { state: "refused"; problem: SmsgraphError };

/** Hears a subscription over all its connections. */
export interface Sink {
  next: (result: Result, cursor: string | undefined) => void;
  /** It is over: the server refused it. */
  error: (error: SmsgraphError) => void;
  /** It is over: the server has said everything. */
  complete: () => void;
}

const nothing = (): void => undefined;

const firstDelayMs = 500;
const maxDelayMs = 15_000;

/** Twice as long each time, at most 15 s; between half of it and all, so that clients do not come back at once. */
const delayAfter = (failures: number): number =>
  Math.min(maxDelayMs, firstDelayMs * 2 ** failures) * (0.5 + Math.random() / 2);

export interface FollowOptions {
  after?: string | undefined;
  onState?: ((state: ConnectionState) => void) | undefined;
  /** Whether a key or token that has been good and is no longer may be replaced by another one. */
  renews?: boolean;
}

/**
 * Keeps a subscription going over any number of connections, each from where the last one broke off. Results
 * come once and in order. The answer ends it.
 */
export function follow(
  open: Transport,
  operation: Operation,
  sink: Sink,
  { after, onState, renews }: FollowOptions = {},
): () => void {
  let cursor = after;
  let failures = 0;
  let stop = nothing;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    let isOpen = true;
    let closeConnection: (() => void) | undefined;
    let hasAnswered = false;
    const close = (): void => {
      isOpen = false;
      closeConnection?.();
    };
    const fail = (problem: SmsgraphError): void => {
      close();
      const hasExpired = renews && hasAnswered && problem.code === "UNAUTHENTICATED";
      if (!isPassing(problem) && !hasExpired) {
        onState?.({ state: "refused", problem });
        return sink.error(problem);
      }
      const delayMs = delayAfter(failures++);
      timer = setTimeout(connect, delayMs);
      onState?.({ state: "reconnecting", problem, delayMs });
    };
    stop = close;
    closeConnection = open(operation, cursor, {
      next(result, reached) {
        if (!isOpen) return;
        if (result.errors && !result.data) return fail(refusalOf(result.errors));
        failures = 0;
        cursor = reached ?? cursor;
        if (!hasAnswered) onState?.({ state: "connected" });
        hasAnswered = true;
        sink.next(result, cursor);
      },
      end(problem) {
        if (!isOpen) return;
        isOpen = false;
        if (problem) fail(problem);
        else sink.complete();
      },
    });
    if (!isOpen) closeConnection();
  }

  connect();
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** Results that a slow reader may have waiting before its subscription is closed for a while. */
const maxWaiting = 32;

/**
 * A generator whose `return` takes effect at once, also while it waits for its next value: that of a plain one
 * would wait with it.
 */
export function stoppable<Value>(
  make: (stopped: AbortSignal) => AsyncGenerator<Value, void, void>,
  signal?: AbortSignal,
): AsyncGenerator<Value, void, void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const values = make(controller.signal);
  const end = values.return.bind(values);
  values.return = (value) => {
    stop();
    return end(value);
  };
  return values;
}

/**
 * The same as an iterable. A reader that falls behind costs no more memory: its subscription is closed, and
 * opened again from where it stood when the reader has taken what was waiting.
 */
export async function* iterate<Data>(
  start: (sink: Sink, after: string | undefined) => () => void,
  after: string | undefined,
  stopped: AbortSignal,
): AsyncGenerator<Data, void, void> {
  const waiting: Result[] = [];
  let cursor = after;
  let ending: { error?: SmsgraphError } | undefined;
  let wake = nothing;
  let stop: (() => void) | undefined;
  const sink: Sink = {
    next(result, reached) {
      cursor = reached;
      if (waiting.push(result) >= maxWaiting) {
        stop?.();
        stop = undefined;
      }
      wake();
    },
    error(error) {
      ending = { error };
      wake();
    },
    complete() {
      ending = {};
      wake();
    },
  };
  stopped.addEventListener("abort", sink.complete);
  try {
    for (;;) {
      const result = waiting.shift();
      if (stopped.aborted) return;
      if (result?.data) yield result.data as Data;
      else if (ending?.error) throw ending.error;
      else if (ending) return;
      else {
        const news = new Promise<void>((resolve) => (wake = resolve));
        stop ??= start(sink, cursor);
        if (waiting.length === 0 && !ending) await news;
      }
    }
  } finally {
    stop?.();
  }
}
