import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { slowReaderCode, slowReaderReason, type ReaderLimits } from "./reader-limits.ts";
import { beginText, TextFrames } from "./text-frames.ts";

const outlets = new WeakMap<WebSocket, Outlet>();
/** One for all sockets: each frame is completely written before the next one is made. */
const frames = new TextFrames();

/**
 * The output of one socket, shared by all its subscriptions. They wait here while the reader is behind. A
 * reader that takes nothing for too long is disconnected.
 */
export class Outlet {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #limits: ReaderLimits;
  #draining: Promise<void> | undefined;

  /** @param connection the stream below `socket`; frames are written to it without copying */
  static open(socket: WebSocket, connection: Duplex, limits: ReaderLimits): void {
    outlets.set(socket, new Outlet(socket, connection, limits));
  }

  static of(socket: WebSocket): Outlet {
    const outlet = outlets.get(socket);
    if (!outlet) throw new Error("A socket without an outlet");
    return outlet;
  }

  constructor(socket: WebSocket, connection: Duplex, limits: ReaderLimits) {
    this.#socket = socket;
    this.#connection = connection;
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Whether to wait for the buffered data before sending more. */
  get isFull(): boolean {
    return this.isOpen && this.#socket.bufferedAmount > this.#limits.maxUnreadBytes;
  }

  /** Resolves when the buffered data was taken, or the socket is closed because that took too long. */
  drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  /**
   * Sends a text in two parts, unless the socket is closed. The second part is the same for all sockets of a
   * group. False when the caller should wait before it sends more.
   */
  send(first: Uint8Array, shared: Uint8Array): boolean {
    if (!this.isOpen) return true;
    const connection = this.#connection;
    const frame = connection.writableLength === 0 ? frames.make(first, shared) : undefined;
    if (frame) {
      connection.write(frame);
      // Usually the operating system has taken it at once.
      if (connection.writableLength === 0) return true;
      frames.keep();
    } else {
      // It has to wait, so the shared bytes are queued without a copy for each socket.
      connection.cork();
      connection.write(beginText(first, shared.length));
      connection.write(shared);
      connection.uncork();
    }
    return !this.isFull;
  }

  #drain(): Promise<void> {
    const socket = this.#socket;
    return new Promise((done) => {
      const cutOff = setTimeout(() => {
        socket.close(slowReaderCode, slowReaderReason);
        done();
      }, this.#limits.stallMs);
      // The ping is queued after all buffered data, so its callback shows that all of it was written. It
      // fails when the socket closes.
      socket.ping("", false, () => {
        clearTimeout(cutOff);
        done();
      });
    });
  }
}
