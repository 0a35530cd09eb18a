import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Closers } from "./server.ts";

/** The same operation so many times at once on one socket. */
export interface FloodOrder {
  url: string;
  headers: Record<string, string>;
  query: string;
  operations: number;
  /** Otherwise again and again. */
  isOnce?: true;
}

/** How many operations were answered, and how many refused with a code. */
export interface FloodReport {
  done: number;
  refused: number;
}

/** A caller who asks for more than its share, in a process of its own. */
export class Flood {
  readonly #child: ChildProcess;

  constructor(closers: Closers) {
    this.#child = fork(join(import.meta.dirname, "flood-process.ts"));
    closers.push(() => this.#child.kill());
  }

  async once(order: FloodOrder): Promise<FloodReport> {
    return this.start({ ...order, isOnce: true })();
  }

  /** Returns how to end it. */
  start(order: FloodOrder): () => Promise<FloodReport> {
    const reported = once(this.#child, "message");
    this.#child.send(order);
    return async () => {
      this.#child.send("end");
      return (await reported)[0] as FloodReport;
    };
  }
}
