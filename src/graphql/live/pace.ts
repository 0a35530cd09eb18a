import type { WebSocket } from "ws";

/** Operations of one socket that may begin in one turn of the event loop. */
const inOneTurn = 8;
/** With so many behind them, nothing more is read from the socket. */
const maxWaiting = 64;

const paces = new WeakMap<WebSocket, Pace>();

/**
 * Lets everyone else have a turn between the operations of a socket that sends many at once: parsing, checking
 * and refusing thousands of them would hold the process for a third of a second.
 */
export class Pace {
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #isTurning = false;

  static of(socket: WebSocket): Pace {
    const known = paces.get(socket);
    if (known) return known;
    const made = new Pace(socket);
    paces.set(socket, made);
    return made;
  }

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves when the next operation may begin; undefined when it may at once. */
  next(): Promise<void> | undefined {
    this.#turn();
    if (this.#begun < inOneTurn && this.#waiting.length === 0) {
      this.#begun++;
      return undefined;
    }
    if (this.#waiting.length === maxWaiting) this.#socket.pause();
    return new Promise((begin) => this.#waiting.push(begin));
  }

  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      const next = this.#waiting.splice(0, inOneTurn);
      this.#begun = next.length;
      for (const begin of next) begin();
      if (next.length > 0) this.#turn();
      else if (this.#socket.isPaused) this.#socket.resume();
    });
  }
}
