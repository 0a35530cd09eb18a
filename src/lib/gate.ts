import { Shares } from "./shares.ts";

/** Lets so many in at a time; the others wait in the order in which they came. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** The same for several owners: one has at most half of the places, and those who wait take turns. */
export class SharedGate {
  readonly #shares: Shares;
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(places: number) {
    this.#shares = new Shares(places);
  }

  async run<Result>(owner: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#shares.left(owner, true) > 0) this.#shares.take(owner, true, 1);
    else await new Promise<void>((enter) => this.#wait(owner, enter));
    try {
      return await work();
    } finally {
      this.#shares.take(owner, true, -1);
      this.#letIn();
    }
  }

  #wait(owner: string, enter: () => void): void {
    const waiting = this.#waiting.get(owner);
    if (waiting) waiting.push(enter);
    else this.#waiting.set(owner, [enter]);
  }

  #letIn(): void {
    for (const [owner, waiting] of this.#waiting) {
      if (this.#shares.left(owner, true) <= 0) continue;
      const enter = waiting.shift();
      this.#waiting.delete(owner);
      if (waiting.length > 0) this.#waiting.set(owner, waiting);
      this.#shares.take(owner, true, 1);
      return enter?.();
    }
  }
}
