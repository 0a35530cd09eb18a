import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Closers } from "./server.ts";

/** Bodies to post, each once, over so many connections that each wait for their answers. */
export interface Load {
  url: string;
  contentType: string;
  headers?: Record<string, string>;
  bodies: string[];
  connections: number;
}

export interface LoadResult {
  seconds: number;
  /** In milliseconds, of each request. */
  latencies: number[];
  /** How many answers had which status. */
  statuses: Record<string, number>;
  /** Processor time of the client. */
  cpuSeconds: number;
}

/** An HTTP client in a process of its own, so that it does not use the server's time. */
export class HttpLoad {
  readonly #child: ChildProcess;

  constructor(closers: Closers) {
    this.#child = fork(fileURLToPath(new URL("http-load-process.ts", import.meta.url)));
    closers.push(() => this.#child.kill());
  }

  async run(load: Load): Promise<LoadResult> {
    this.#child.send(load);
    const [result] = (await once(this.#child, "message")) as [LoadResult];
    return result;
  }
}
