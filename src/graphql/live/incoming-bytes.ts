import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { holderOf } from "../../access/allowance.ts";
import type { Viewer } from "../../access/api-keys.ts";
import type { HeldBody } from "../../http/held-bodies.ts";
import type { Paces } from "./pace.ts";

/** Maximum size of a message of somebody without a key, and of everything that arrives before the key is known. */
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
/** So much is still read of a socket that we have closed: what was under way, and its agreement. */
const lateBytes = 4 * 1024;

/** RFC 6455's registry of close codes: "Message Too Big" and "Try Again Later". */
const tooBig = 1009;
const tryAgainLater = 1013;
/** The code of graphql-ws for a client that sends no `connection_init` in time. */
const noKey = 4408;

/**
 * Bounds what a socket may keep in memory of messages that are not complete: little without a key and with a watch
 * token, what its key has left otherwise. An idle socket without a key is closed. The limit of `ws` is the same for
 * every socket, so it has to be the largest one.
 */
export class IncomingBytes {
  readonly #socket: WebSocket;
  readonly #carrier: Duplex;
  readonly #paces: Paces;
  /** Of a known caller with a key. */
  #held: HeldBody | undefined;
  #isKnown = false;
  #holder = holderOf(undefined);
  /**
   * Bytes since the last complete message. Bytes that arrive in the same piece as its end are not counted.
   */
  #unread = 0;
  #late = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, carrier: Duplex, paces: Paces) {
    this.#socket = socket;
    this.#carrier = carrier;
    this.#paces = paces;
    // This listener must run before the one of `ws`.
    carrier.prependListener("data", this.#count);
    socket.on("message", this.#read);
    socket.on("ping", this.#readControl);
    socket.on("pong", this.#readControl);
    socket.on("close", () => this.#leave());
  }

  /** Call when the caller is known: with what its bytes are counted in, if messages may be long. */
  know(viewer: Viewer, held: HeldBody | undefined): void {
    clearTimeout(this.#timer);
    this.#isKnown = true;
    this.#holder = holderOf(viewer);
    this.#held = held;
  }

  /** Call when the socket has opened without a key, and when one of its operations has ended. */
  rest(isIdle: () => boolean): void {
    if (this.#isKnown) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (isIdle()) this.#socket.close(noKey, "Without a key nothing stays open");
    }, idleMs);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#paces.leave(this.#holder, this.#socket);
    this.#held?.release();
    this.#carrier.off("data", this.#count);
    this.#socket.off("message", this.#read);
    this.#socket.off("ping", this.#readControl);
    this.#socket.off("pong", this.#readControl);
  }

  readonly #count = ({ length }: Buffer): void => {
    this.#unread += length;
    this.#paces.of(this.#holder).read(this.#socket, length);
    if (this.#socket.readyState !== this.#socket.OPEN) {
      this.#late += length;
      if (this.#late > lateBytes) this.#stop();
      return;
    }
    if (this.#held) return this.#hold(this.#held, length);
    if (this.#unread > maxMessageBytes + frameHeadBytes)
      this.#refuse(tooBig, "Without a key a message may have 64 KB");
  };

  #hold(held: HeldBody, length: number): void {
    try {
      held.grow(length);
    } catch {
      this.#refuse(tryAgainLater, "Too many long messages of this key or account are under way");
    }
  }

  #refuse(code: number, reason: string): void {
    this.#socket.close(code, reason);
    this.#stop();
  }

  /** Nothing more is read or kept of a socket that was closed. */
  #stop(): void {
    this.#leave();
    this.#carrier.pause();
    setTimeout(() => this.#socket.terminate(), graceMs).unref();
  }

  readonly #read = (): void => {
    this.#unread = 0;
    this.#held?.release();
  };

  /** A control frame may arrive between the frames of an unfinished message. */
  readonly #readControl = ({ length }: Buffer): void => {
    this.#unread = Math.max(0, this.#unread - length - controlHeadBytes);
  };
}
