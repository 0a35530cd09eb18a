import { Batcher } from "../batcher.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database } from "../database/database.ts";
import { DomainError } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { RateBook, RateBooks } from "../pricing/rate-book.ts";
import { isStorable } from "../storable.ts";
import { draftMessage, fingerprint, type MessageDraft, type SendInput } from "./draft.ts";
import { findEarlier, storeMessages, type Repeat, type StoreOutcome } from "./store-messages.ts";

const largestBatch = 500;

/** A message that was stored (or had been, under the same idempotency key), or why it was not. */
export type SendResult = { messageId: string } | { error: DomainError };

export interface SenderOptions {
  database: Database;
  connections: Connections;
  rateBooks: RateBooks;
  clock: Clock;
}

/** Accepts messages: checks, then stores message, event and job together. What it returned is committed. */
export class MessageSender {
  readonly #connections: Connections;
  readonly #rateBooks: RateBooks;
  readonly #clock: Clock;
  readonly #store: Batcher<MessageDraft, StoreOutcome>;
  readonly #find: Batcher<Repeat, StoreOutcome | undefined>;

  constructor({ database, connections, rateBooks, clock }: SenderOptions) {
    this.#connections = connections;
    this.#rateBooks = rateBooks;
    this.#clock = clock;
    this.#store = new Batcher((drafts) => storeMessages(database, drafts), largestBatch);
    this.#find = new Batcher((repeats) => findEarlier(database, repeats, clock.now()), largestBatch);
  }

  /** One result for each input, in the order given. Inputs with an error store nothing and hold up no other. */
  async send(accountId: string, inputs: readonly SendInput[]): Promise<SendResult[]> {
    const routes = await this.#connections.enabledOf(accountId);
    const book = await this.#rateBooks.of(accountId);
    return Promise.all(inputs.map((input) => this.#sendOne(accountId, input, routes, book)));
  }

  async #sendOne(
    accountId: string,
    input: SendInput,
    routes: readonly Connection[],
    book: RateBook,
  ): Promise<SendResult> {
    try {
      const draft = draftMessage(accountId, input, routes, book, this.#clock.now());
      return await this.#store.add(draft);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return (await this.#earlier(accountId, input)) ?? { error };
    }
  }

  /** A repeat of an accepted input stays accepted, even when by now it would be refused (its time has passed, say). */
  async #earlier(accountId: string, input: SendInput): Promise<SendResult | undefined> {
    if (input.idempotencyKey == null || !isStorable(input.idempotencyKey)) return undefined;
    const { idempotencyKey } = input;
    return this.#find.add({ accountId, idempotencyKey, fingerprint: fingerprint(input) });
  }
}
