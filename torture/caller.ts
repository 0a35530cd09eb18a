import { setTimeout as pause } from "node:timers/promises";
import type { GraphqlClient, GraphqlResult } from "../test/support/graphql-client.ts";

/** What a caller is told when the service cannot answer now. */
const temporary = new Set(["UNAVAILABLE", "TOO_MANY_REQUESTS"]);

/** How often the service did not answer, and what it never should have said. */
export class Complaints {
  unavailable = 0;
  unanswered = 0;
  readonly problems: string[] = [];
}

/**
 * A caller as there should be: one who repeats what was not answered, at either process, with the same idempotency
 * key, until there is an answer.
 */
export class Caller {
  readonly #clients: readonly GraphqlClient[];
  readonly #complaints: Complaints;
  #turn = 0;

  constructor(clients: readonly GraphqlClient[], complaints: Complaints) {
    this.#clients = clients;
    this.#complaints = complaints;
  }

  async ask<Data>(document: string, variables: Record<string, unknown>): Promise<Data> {
    for (;;) {
      const client = this.#clients[this.#turn++ % this.#clients.length];
      const answer = await client?.send<Data>(document, variables).catch(() => undefined);
      if (answer?.data && !answer.errors) return answer.data;
      this.#note(answer);
      await pause(100);
    }
  }

  #note(answer: GraphqlResult<unknown> | undefined): void {
    const [error] = answer?.errors ?? [];
    if (!error) this.#complaints.unanswered++;
    else if (temporary.has(error.extensions?.code ?? "")) this.#complaints.unavailable++;
    else this.#complaints.problems.push(JSON.stringify(error));
  }
}
