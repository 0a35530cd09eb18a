import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BooksQuestion, ProvidersOrder, StartedProvider } from "./providers-process.ts";
import type { Closers } from "./server.ts";

/** The sandboxes of all providers, in a process of their own. */
export class ProvidersProcess {
  readonly #child: ChildProcess;
  readonly all: readonly StartedProvider[];

  private constructor(child: ChildProcess, all: readonly StartedProvider[]) {
    this.#child = child;
    this.all = all;
  }

  static async start(closers: Closers, order: ProvidersOrder): Promise<ProvidersProcess> {
    const child = fork(join(import.meta.dirname, "providers-process.ts"));
    closers.push(() => child.kill());
    child.send(order);
    const [all] = (await once(child, "message")) as [StartedProvider[]];
    return new ProvidersProcess(child, all);
  }

  /** How many of these messages the provider has. */
  has(kind: string, recipients: string[]): Promise<number> {
    return this.#ask({ kind, recipients });
  }

  /** How many messages were submitted once more. */
  twice(): Promise<number> {
    return this.#ask("twice");
  }

  async #ask(question: BooksQuestion): Promise<number> {
    const answered = once(this.#child, "message");
    this.#child.send(question);
    return (await answered)[0] as number;
  }
}
