import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { slowReaderCode, slowReaderReason, type ReaderLimits } from "./reader-limits.ts";
import { beginText, TextFrames } from "./text-frames.ts";

const outlets = new WeakMap<WebSocket, Outlet>();
/** One for all sockets: each is sent its frame in one go. */
const frames = new TextFrames();

/**
 * The way out to one socket, for all its subscriptions. They wait here while their reader is behind, and are cut off
 * with it when it takes nothing for too long.
 */
export class Outlet {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #limits: ReaderLimits;
  #draining: Promise<void> | undefined;

  /** @param connection what `socket` was made of: frames are written to it without being copied */
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

  /** Whether nothing more should be sent before what waits has gone. */
  get isFull(): boolean {
    return this.isOpen && this.#socket.bufferedAmount > this.#limits.maxUnreadBytes;
  }

  /** Resolves when what waits has gone, or the socket is closed, as it is when that takes too long. */
  drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  /**
   * Sends a text in two parts, unless the socket is closed. The second goes to a thousand sockets. False when nothing
   * more should be sent before what waits has gone.
   */
  send(first: Uint8Array, shared: Uint8Array): boolean {
    if (!this.isOpen) return true;
    const connection = this.#connection;
    const frame = connection.writableLength === 0 ? frames.make(first, shared) : undefined;
    if (frame) {
      connection.write(frame);
      // Mostly the system has taken it by now.
      if (connection.writableLength === 0) return true;
      frames.keep();
    } else {
      // It waits: in every such socket the same bytes.
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
      // Behind everything that waits, so that it is written when all of that is; it fails when the socket closes.
      socket.ping("", false, () => {
        clearTimeout(cutOff);
        done();
      });
    });
  }
}
