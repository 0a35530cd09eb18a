import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Closers } from "./server.ts";

/** What the clients' process is asked to do. */
export type Order =
  | ({ kind: "open"; url: string; subscriptions: Subscription[] } & OpenOptions)
  | { kind: "post"; url: string; bodies: string[]; perSecond: number }
  | { kind: "close" };

export interface OpenOptions {
  /** Parameters of the connection; null for bare sockets that only listen. */
  init: Record<string, string> | null;
  /** Whether a subscription says something at its start, so that we know that it has begun. */
  greets: boolean;
  /** In how many events progress is counted. */
  unit: number;
}

export interface Subscription {
  query: string;
  variables?: Record<string, unknown>;
}

/** What it tells. */
export type Report =
  | { kind: "opened" }
  /** Every socket has had so many times `unit` events. */
  | { kind: "reached"; units: number }
  /** Milliseconds from each post to the event it caused, and when the run was over. */
  | { kind: "posted"; latencies: number[]; perSecond: number; missing: number }
  | { kind: "closed"; firstSocket: string[] };

/** Many sockets in a process of their own, so that they do not use the server's time. */
export class Clients {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(report: Report) => void>();

  constructor(closers: Closers) {
    this.#child = fork(fileURLToPath(new URL("clients-process.ts", import.meta.url)));
    this.#child.on("message", (report: Report) => {
      for (const listener of this.#waiting) listener(report);
    });
    this.#child.once("exit", (code) => {
      if (code) throw new Error(`The clients' process ended with ${code}`);
    });
    closers.push(() => this.#child.kill());
  }

  /** Connects a socket for each subscription. */
  async open(url: string, subscriptions: Subscription[], options: OpenOptions): Promise<void> {
    await this.#ask({ kind: "open", url, subscriptions, ...options }, "opened");
  }

  /** Posts bodies at a steady rate, and times the events that come of them: body n is for socket n % sockets. */
  async post(url: string, bodies: string[], perSecond: number): Promise<Extract<Report, { kind: "posted" }>> {
    return this.#ask({ kind: "post", url, bodies, perSecond }, "posted");
  }

  /** Calls `react` each time that every socket has had one more `unit` of events. Returns how to stop that. */
  onReached(react: (units: number) => void): () => void {
    const listener = (report: Report): void => {
      if (report.kind === "reached") react(report.units);
    };
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  /** Closes the sockets; gives every message that the first of them got. */
  async close(): Promise<string[]> {
    return (await this.#ask({ kind: "close" }, "closed")).firstSocket;
  }

  #ask<Kind extends Report["kind"]>(order: Order, kind: Kind): Promise<Extract<Report, { kind: Kind }>> {
    return new Promise((resolve) => {
      const listener = (report: Report): void => {
        if (report.kind !== kind) return;
        this.#waiting.delete(listener);
        resolve(report as Extract<Report, { kind: Kind }>);
      };
      this.#waiting.add(listener);
      this.#child.send(order);
    });
  }
}
