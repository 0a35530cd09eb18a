import type { GraphQLError } from "graphql";
import type { Frame, FrameSink, LiveStream } from "./live-subscriptions.ts";
import type { Outlet } from "./outlet.ts";

const nothing = Buffer.alloc(0);
const done = { done: true, value: undefined } as const;

/**
 * Sends a subscription's frames to its socket, each as it was serialised for everyone, with only the operation's own
 * `id` put before it. To graphql-ws it is a generator of nothing, which is done when the subscription is.
 */
export class SentFrames implements AsyncGenerator<never, undefined>, FrameSink {
  readonly #stream: LiveStream;
  readonly #outlet: Outlet;
  readonly #id: string;
  readonly #beforePayload: Uint8Array;
  readonly #end: (error: unknown) => GraphQLError;

  /** @param end is called with the error that ends the subscription, and returns what is told of it */
  constructor(stream: LiveStream, outlet: Outlet, id: string, end: (error: unknown) => GraphQLError) {
    this.#stream = stream;
    this.#outlet = outlet;
    this.#id = id;
    this.#beforePayload = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
    this.#end = end;
  }

  async next(): Promise<typeof done> {
    try {
      while (await this.#sendNext()) {
        if (!this.#outlet.isFull) await this.#stream.follow(this);
      }
    } catch (error) {
      const message = { id: this.#id, type: "error", payload: [this.#end(error)] };
      this.#outlet.send(nothing, Buffer.from(JSON.stringify(message)));
    }
    return done;
  }

  /** False when it is over. What was sent is not remembered: most of the time a subscription waits. */
  async #sendNext(): Promise<boolean> {
    if (this.#outlet.isFull) await this.#outlet.drained();
    if (!this.#outlet.isOpen) {
      // A socket that is being closed can take long to go.
      await this.#stream.close();
      return false;
    }
    const frame = await this.#stream.next();
    if (frame) this.send(frame);
    return frame !== undefined;
  }

  send({ json }: Frame): boolean {
    return this.#outlet.send(this.#beforePayload, json);
  }

  async return(): Promise<typeof done> {
    await this.#stream.close();
    return done;
  }

  async throw(): Promise<typeof done> {
    return this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
  }
}
