import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** What may come in before it is known whose socket it is, and in one message of one that stays without a key. */
const maxMessageBytes = 64 * 1024;
/** What stands around it: two bytes, a long length and a mask, by RFC 6455, section 5.2; and a short one's. */
const frameHeadBytes = 14;
const controlHeadBytes = 6;
/** How long a socket without a key may stay without an operation. */
const idleMs = 4_000;
const graceMs = 500;

/** RFC 6455's registry of close codes: "Message Too Big". */
const tooBig = 1009;
/** As graphql-ws has it for one that does not say in time who it is. */
const noKey = 4408;

/**
 * A socket without a key: it holds no more than a short message of what has not come in whole, and does not stay when
 * it does nothing. `ws` has one limit for all, which is for those who have a key.
 */
export class UnknownSocket {
  readonly #socket: WebSocket;
  readonly #carrier: Duplex;
  /** Bytes since the last message was whole; what comes in one piece with its end is not counted. */
  #unread = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, carrier: Duplex) {
    this.#socket = socket;
    this.#carrier = carrier;
    // Before `ws` reads them.
    carrier.prependListener("data", this.#count);
    socket.on("message", this.#read);
    socket.on("ping", this.#readControl);
    socket.on("pong", this.#readControl);
    socket.on("close", () => this.leave());
  }

  /** It is known whose it is, or it is gone. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#carrier.off("data", this.#count);
    this.#socket.off("message", this.#read);
    this.#socket.off("ping", this.#readControl);
    this.#socket.off("pong", this.#readControl);
  }

  /** Call when it has begun without a key, and when an operation of its has ended. */
  rest(isIdle: () => boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (isIdle()) this.#socket.close(noKey, "Without a key nothing stays open");
    }, idleMs);
  }

  readonly #count = ({ length }: Buffer): void => {
    this.#unread += length;
    if (this.#unread <= maxMessageBytes + frameHeadBytes) return;
    this.leave();
    this.#socket.close(tooBig, "Without a key a message may have 64 KB");
    // What is still coming is neither read nor kept.
    this.#carrier.pause();
    setTimeout(() => this.#socket.terminate(), graceMs).unref();
  };

  readonly #read = (): void => void (this.#unread = 0);

  /** It may come within a message that is not whole. */
  readonly #readControl = ({ length }: Buffer): void => {
    this.#unread = Math.max(0, this.#unread - length - controlHeadBytes);
  };
}
