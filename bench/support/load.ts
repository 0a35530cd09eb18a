import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Closers } from "./server.ts";

/** Requests that are sent in turn, over so many connections at the same time. */
export interface LoadOrder {
  url: string;
  headers: Record<string, string>;
  bodies: string[];
  connections: number;
  seconds: number;
}

export interface LoadReport {
  /** Milliseconds of each request. */
  latencies: number[];
  perSecond: number;
  /** The first answers that were not a 200 without errors. */
  failures: string[];
}

/** A client in a process of its own, so that it does not use the server's time. */
export class Load {
  readonly #child: ChildProcess;

  constructor(closers: Closers) {
    this.#child = fork(join(import.meta.dirname, "load-process.ts"));
    closers.push(() => this.#child.kill());
  }

  /** @throws Error when an answer was not what was asked for */
  async run(order: LoadOrder): Promise<LoadReport> {
    this.#child.send(order);
    const [report] = (await once(this.#child, "message")) as [LoadReport];
    if (report.failures.length > 0) throw new Error(`${order.url} answered ${report.failures.join("\n")}`);
    return report;
  }
}
