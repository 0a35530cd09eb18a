import { WebSocket } from "ws";
import { slowReaderCode, slowReaderReason, type ReaderLimits } from "./reader-limits.ts";

const outlets = new WeakMap<WebSocket, Outlet>();

/**
 * The way out to one socket, for all its subscriptions. They wait here while their reader is behind, and are cut off
 * with it when it takes nothing for too long.
 */
export class Outlet {
  readonly #socket: WebSocket;
  readonly #limits: ReaderLimits;
  #draining: Promise<void> | undefined;

  static of(socket: WebSocket, limits: ReaderLimits): Outlet {
    const known = outlets.get(socket);
    if (known) return known;
    const outlet = new Outlet(socket, limits);
    outlets.set(socket, outlet);
    return outlet;
  }

  constructor(socket: WebSocket, limits: ReaderLimits) {
    this.#socket = socket;
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

  /** Sends a text that is put together from its parts, unless the socket is closed. */
  send(...parts: Uint8Array[]): void {
    if (this.isOpen) this.#socket.send(Buffer.concat(parts), asText);
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

const asText = { binary: false };
