import type { GraphQLError } from "graphql";
import type { Frame, LiveStream } from "./live-subscriptions.ts";
import type { Outlet } from "./outlet.ts";

const nothing = Buffer.alloc(0);

/**
 * Sends a subscription's frames to its socket, each as it was serialised for everyone, with only the operation's own
 * `id` put before it. To graphql-ws it is a generator of nothing, which is done when the subscription is.
 */
export function sendFrames(
  stream: LiveStream,
  outlet: Outlet,
  id: string,
  toError: (error: unknown) => GraphQLError,
): AsyncGenerator<never, undefined> {
  const beforePayload = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  const done = { done: true, value: undefined } as const;
  const close = async (): Promise<typeof done> => {
    await stream.close();
    return done;
  };
  const send = ({ json }: Frame): boolean => {
    outlet.send(beforePayload, json);
    return !outlet.isFull;
  };
  const run = async (): Promise<typeof done> => {
    try {
      for (;;) {
        if (outlet.isFull) await outlet.drained();
        // A socket that is being closed can take long to go.
        if (!outlet.isOpen) return await close();
        const frame = await stream.next();
        if (!frame) return done;
        if (send(frame)) await stream.follow(send);
      }
    } catch (error) {
      const payload = [toError(error)];
      outlet.send(nothing, Buffer.from(JSON.stringify({ id, type: "error", payload })));
      return done;
    }
  };
  return {
    next: run,
    return: close,
    throw: close,
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await close()),
  };
}
