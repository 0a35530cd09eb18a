import type { ServerResponse } from "node:http";
import type { CountedRequest } from "./chunk-cost.ts";

/** How much of all unwanted bodies together is read, and how many of them may wait for their turn. */
export interface UnwantedLimits {
  turnBytes: number;
  turnMs: number;
  waiting: number;
}

/** 12 MB a second. */
const usualLimits: UnwantedLimits = { turnBytes: 256 * 1024, turnMs: 20, waiting: 256 };

/** A turn that comes late, because the process is busy, makes up for so many that did not come: not for all at once. */
const mostTurns = 5;

/** As much as a socket gives at once, so this many bodies get their part of a turn. */
const pieceBytes = 64 * 1024;

/**
 * Reads and drops what nobody wants of bodies, because many clients look for the answer only when they have sent
 * everything. All of them share a rate, and are read in turns: a flood of refused bodies waits in its clients and
 * costs the others nothing. Where too many wait, the next is cut off after its answer.
 */
export class UnwantedBodies {
  readonly #limits: UnwantedLimits;
  readonly #waiting = new Set<CountedRequest>();
  #left: number;
  #isTurning = false;

  constructor(limits = usualLimits) {
    this.#limits = limits;
    this.#left = limits.turnBytes;
  }

  /** Drops what is still coming when the answer is given. */
  dropAfter(response: ServerResponse<CountedRequest>): void {
    const { req: request } = response;
    // When `finish` comes, Node has begun to drop it.
    response.once("prefinish", () => {
      if (!request.complete) this.#drop(request);
    });
  }

  #drop(request: CountedRequest): void {
    let paid = request.cost;
    request.unpipe().on("data", () => {
      this.#left -= request.cost - paid;
      paid = request.cost;
      if (this.#left <= 0) this.#hold(request);
      else this.#turn();
    });
    const { socket } = request;
    // Node ends a request with its connection only before it is answered; until then timers would keep it in memory.
    const end = (): unknown => request.destroy();
    socket.once("close", end);
    request.once("close", () => {
      socket.off("close", end);
      this.#waiting.delete(request);
    });
    if (this.#left <= 0) this.#hold(request);
    else request.resume();
  }

  #hold(request: CountedRequest): void {
    request.pause();
    if (this.#waiting.size >= this.#limits.waiting) {
      request.socket.destroySoon();
      return;
    }
    this.#waiting.add(request);
    this.#turn();
  }

  #turn(): void {
    const { turnBytes, turnMs } = this.#limits;
    if (this.#isTurning) return;
    this.#isTurning = true;
    const startedAt = performance.now();
    setTimeout(() => {
      this.#isTurning = false;
      const turns = Math.floor((performance.now() - startedAt) / turnMs);
      this.#left = Math.min(this.#left, 0) + turnBytes * Math.min(Math.max(turns, 1), mostTurns);
      const places = Math.ceil(Math.max(this.#left, 0) / pieceBytes);
      for (const request of [...this.#waiting].slice(0, places)) {
        this.#waiting.delete(request);
        request.resume();
      }
      if (this.#waiting.size > 0) this.#turn();
    }, turnMs).unref();
  }
}
