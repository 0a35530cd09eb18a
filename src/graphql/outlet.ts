import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { slowReaderCode, slowReaderReason, type ReaderLimits } from "./reader-limits.ts";

const outlets = new WeakMap<WebSocket, Outlet>();

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
   * Sends a text in two parts, unless the socket is closed. The second is not copied: the same bytes go to a thousand
   * sockets.
   */
  send(first: Uint8Array, shared: Uint8Array): void {
    if (!this.isOpen) return;
    const connection = this.#connection;
    connection.cork();
    connection.write(beginText(first, shared.length));
    connection.write(shared);
    connection.uncork();
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

const wholeText = 0x81;

/** The head of a text frame (RFC 6455, section 5.2), and the beginning of its text, of which `rest` bytes are to come. */
function beginText(first: Uint8Array, rest: number): Buffer {
  const length = first.length + rest;
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(headLength + first.length);
  bytes[0] = wholeText;
  if (headLength === 2) bytes[1] = length;
  else if (headLength === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeUInt32BE(0, 2);
    bytes.writeUInt32BE(length, 6);
  }
  bytes.set(first, headLength);
  return bytes;
}
