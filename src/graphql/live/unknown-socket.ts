import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** Maximum size of a message, and of everything that arrives before the key is known. */
const maxMessageBytes = 64 * 1024;
/**
 * The longest frame head (two bytes, a long length, a mask), and that of a control frame: RFC 6455, section
 * 5.2.
 */
const frameHeadBytes = 14;
const controlHeadBytes = 6;
/** How long a socket without a key may stay without an operation. */
const idleMs = 4_000;
const graceMs = 500;

/** RFC 6455's registry of close codes: "Message Too Big". */
const tooBig = 1009;
/** The code of graphql-ws for a client that sends no `connection_init` in time. */
const noKey = 4408;

/**
 * Bounds a socket without a key: unfinished messages may take little memory, and an idle socket is closed.
 * The limit of `ws` is the same for every socket, so it has to be the larger one for callers with a key.
 */
export class UnknownSocket {
  readonly #socket: WebSocket;
  readonly #carrier: Duplex;
  /**
   * Bytes since the last complete message. Bytes that arrive in the same piece as its end are not counted.
   */
  #unread = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, carrier: Duplex) {
    this.#socket = socket;
    this.#carrier = carrier;
    // This listener must run before the one of `ws`.
    carrier.prependListener("data", this.#count);
    socket.on("message", this.#read);
    socket.on("ping", this.#readControl);
    socket.on("pong", this.#readControl);
    socket.on("close", () => this.leave());
  }

  /** Call when the caller is known, or the socket is closed. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#carrier.off("data", this.#count);
    this.#socket.off("message", this.#read);
    this.#socket.off("ping", this.#readControl);
    this.#socket.off("pong", this.#readControl);
  }

  /** Call when the socket has opened without a key, and when one of its operations has ended. */
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
    // Nothing more is read or kept.
    this.#carrier.pause();
    setTimeout(() => this.#socket.terminate(), graceMs).unref();
  };

  readonly #read = (): void => void (this.#unread = 0);

  /** A control frame may arrive between the frames of an unfinished message. */
  readonly #readControl = ({ length }: Buffer): void => {
    this.#unread = Math.max(0, this.#unread - length - controlHeadBytes);
  };
}
