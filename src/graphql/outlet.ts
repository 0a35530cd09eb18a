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

  /** Whether nothing more should be sent before what waits has gone. */
  get isFull(): boolean {
    const { readyState, bufferedAmount } = this.#socket;
    return readyState === WebSocket.OPEN && bufferedAmount > this.#limits.maxUnreadBytes;
  }

  /** Resolves when what waits has gone, or the socket is closed. */
  drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  /** Sends a text that is put together from its parts, unless the socket is closed. */
  send(...parts: Uint8Array[]): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(Buffer.concat(parts), asText);
  }

  async #drain(): Promise<void> {
    const socket = this.#socket;
    const cutOff = setTimeout(() => socket.close(slowReaderCode, slowReaderReason), this.#limits.stallMs);
    // Behind everything that waits, so that it is written when all of that is. It fails when the socket closes.
    await new Promise((written) => socket.ping("", false, written));
    clearTimeout(cutOff);
  }
}

const asText = { binary: false };
