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
  #waiting: PromiseWithResolvers<void> | undefined;
  #stalled: NodeJS.Timeout | undefined;

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

  /** Undefined when the socket takes more; else it resolves when it does, or is closed. */
  ready(): Promise<void> | undefined {
    if (this.#waiting) return this.#waiting.promise;
    const { readyState, OPEN, bufferedAmount } = this.#socket;
    if (readyState !== OPEN || bufferedAmount <= this.#limits.maxUnreadBytes) return undefined;
    this.#waiting = Promise.withResolvers();
    this.#stalled = setTimeout(
      () => this.#socket.close(slowReaderCode, slowReaderReason),
      this.#limits.stallMs,
    );
    this.#socket.once("close", this.#release);
    return this.#waiting.promise;
  }

  /** Sends a text that is put together from its parts, unless the socket is closed. */
  send(...parts: Uint8Array[]): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(Buffer.concat(parts), asText, this.#onWritten);
  }

  readonly #onWritten = (): void => {
    if (!this.#waiting) return;
    if (this.#socket.bufferedAmount <= this.#limits.maxUnreadBytes / 2) this.#release();
    else this.#stalled?.refresh();
  };

  readonly #release = (): void => {
    clearTimeout(this.#stalled);
    this.#socket.off("close", this.#release);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  };
}

const asText = { binary: false };
