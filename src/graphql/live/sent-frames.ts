import type { GraphQLError } from "graphql";
import type { Frame, FrameSink, LiveStream } from "./live-subscriptions.ts";
import type { Outlet } from "./outlet.ts";

const nothing = Buffer.alloc(0);
const done = { done: true, value: undefined } as const;

/** The operation behind the frames. */
interface SentOperation {
  /** Keeps graphql-ws from sending `complete` when the frames end. */
  forget: () => void;
  /** The error as the client may see it. */
  show: (error: unknown) => GraphQLError;
}

/**
 * Sends a subscription's frames to its socket. The serialised answer is shared; only the operation's `id` is
 * put in front of it. graphql-ws sees a generator without values that ends with the subscription.
 */
export class SentFrames implements AsyncGenerator<never, undefined>, FrameSink {
  readonly #stream: LiveStream;
  readonly #outlet: Outlet;
  readonly #id: string;
  readonly #beforePayload: Uint8Array;
  readonly #operation: SentOperation;

  constructor(stream: LiveStream, outlet: Outlet, id: string, operation: SentOperation) {
    this.#stream = stream;
    this.#outlet = outlet;
    this.#id = id;
    // Copied: a piece of the 64 KB that Node cuts small buffers from would keep all of them as long as the subscription.
    this.#beforePayload = new Uint8Array(Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`));
    this.#operation = operation;
  }

  async next(): Promise<typeof done> {
    try {
      while (await this.#sendNext()) {
        if (!this.#outlet.isFull) await this.#stream.follow(this);
      }
      if (this.#stream.isCutShort) this.#operation.forget();
    } catch (error) {
      this.#operation.forget();
      const message = { id: this.#id, type: "error", payload: [this.#operation.show(error)] };
      this.#outlet.send(nothing, Buffer.from(JSON.stringify(message)));
    }
    return done;
  }

  /**
   * False when the subscription is over. No reference to the frame is kept while it waits for the next one.
   */
  async #sendNext(): Promise<boolean> {
    if (this.#outlet.isFull) await this.#outlet.drained();
    if (!this.#outlet.isOpen) {
      // Closing a socket can take long, so the subscription is ended now.
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
