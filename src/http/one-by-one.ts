import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How many requests a client may send before the answers to earlier ones. */
const maxWaiting = 16;

/**
 * Handles the requests of one connection one after the other, in the order in which they are answered anyway. Otherwise
 * a client could ask for thousands of answers in a few packets, and leave all of them unread in our memory.
 */
export class OneByOne {
  /** The requests that wait, of each connection with one under way. */
  readonly #waiting = new WeakMap<Socket, (() => void)[]>();

  /** Calls `handle` when everything that came before on its connection is answered; never when too much waits. */
  enter({ socket }: IncomingMessage, response: ServerResponse, handle: () => void): void {
    // Requests that were read in the same piece as the last one that was taken.
    if (socket.destroyed) return;
    response.once("close", () => this.#next(socket));
    const waiting = this.#waiting.get(socket);
    if (!waiting) {
      this.#waiting.set(socket, []);
      return handle();
    }
    if (waiting.length >= maxWaiting) socket.destroy();
    else waiting.push(handle);
  }

  #next(socket: Socket): void {
    const next = socket.destroyed ? undefined : this.#waiting.get(socket)?.shift();
    if (next) next();
    else this.#waiting.delete(socket);
  }
}
