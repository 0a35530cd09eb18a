import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Closers } from "./server.ts";

export const attackKinds = [
  "documents",
  "sockets",
  "frames",
  "uploads",
  "callbacks",
  "chunks",
  "lists",
] as const;
export type AttackKind = (typeof attackKinds)[number];

export interface AttackOrder {
  kind: AttackKind;
  url: string;
  /** Of a key of another account than the one that is measured. */
  headers: Record<string, string>;
  /** Whose callbacks are forged, by its local id. */
  providerId: string;
  /** Between two attacks of each of forty attackers: the load is bounded. */
  pauseMs: number;
}

export interface AttackReport {
  tried: number;
  /** What was answered with what it asked for. */
  letIn: number;
  /** What got no answer, or kept its socket, for half a minute. */
  hanging: number;
}

/** Somebody who means harm, in a process of its own. */
export class Attack {
  readonly #child: ChildProcess;

  constructor(closers: Closers) {
    this.#child = fork(join(import.meta.dirname, "attack-process.ts"));
    closers.push(() => this.#child.kill());
  }

  /** Returns how to end it. */
  start(order: AttackOrder): () => Promise<AttackReport> {
    const reported = once(this.#child, "message");
    this.#child.send(order);
    return async () => {
      this.#child.send("end");
      return (await reported)[0] as AttackReport;
    };
  }
}
