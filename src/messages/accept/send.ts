import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { DomainError } from "../../lib/errors.ts";
import type { MissingRates } from "../../pricing/rates/missing-rates.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { isStorable } from "../../lib/storable.ts";
import { draftMessage, fingerprint, type MessageDraft } from "./draft.ts";
import { storeCounted, type CountedOutcome } from "./store-counted.ts";
import {
  findEarlier,
  storeMessages,
  type EarlierUse,
  type Repeat,
  type StoreOutcome,
} from "./store-messages.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { SendInput } from "./send-input.ts";

const maxBatchSize = 500;

/**
 * Before refusing, re-read the routing table if it is older than this: the caller may just have changed a
 * policy through another process.
 */
const staleRefusalMs = 50;

/** The stored message (now, or before under the same idempotency key), or why it was not stored. */
export type SendResult = { messageId: string } | { error: DomainError };

interface SenderOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  /** Notes destinations without a rate. */
  missingRates: MissingRates;
  clock: Clock;
}

/**
 * Accepts messages: checks them, then stores message, event and job together. What it returns is committed.
 */
export class MessageSender {
  readonly #tables: RoutingTables;
  readonly #missingRates: MissingRates;
  readonly #clock: Clock;
  readonly #store: Batcher<MessageDraft, StoreOutcome>;
  readonly #storeCounted: Batcher<MessageDraft, CountedOutcome>;
  readonly #find: Batcher<Repeat, EarlierUse>;

  constructor({ database, routingTables, spending, missingRates, clock }: SenderOptions) {
    this.#tables = routingTables;
    this.#missingRates = missingRates;
    this.#clock = clock;
    this.#store = new Batcher((drafts) => storeMessages(database, drafts), maxBatchSize);
    this.#storeCounted = new Batcher((drafts) => storeCounted(spending, drafts), maxBatchSize);
    this.#find = new Batcher((repeats) => findEarlier(database, repeats), maxBatchSize);
  }

  /**
   * One result for each input, in the order given. An input with an error is not stored and does not hold up
   * the others.
   */
  async send(accountId: string, inputs: readonly SendInput[]): Promise<SendResult[]> {
    const drafts = inOrder(await this.#draft(accountId, inputs));
    return Promise.all(
      drafts.map(async (draft, index): Promise<SendResult> => {
        const outcome = draft instanceof DomainError ? { error: draft } : await this.#storeDraft(draft);
        if (!("error" in outcome)) return { messageId: outcome.messageId };
        const earlier = await this.#findEarlier(accountId, inputs[index]);
        if (earlier.kind === "repeated") return { messageId: earlier.messageId };
        return { error: earlier.kind === "conflict" ? earlier.error : outcome.error };
      }),
    );
  }

  async #draft(accountId: string, inputs: readonly SendInput[]): Promise<(MessageDraft | DomainError)[]> {
    const table = await this.#tables.of(accountId);
    const drafts = inputs.map((input) => this.#draftOne(accountId, input, table));
    if (!drafts.some((draft) => draft instanceof DomainError)) return drafts;
    const newer = await this.#tables.of(accountId, staleRefusalMs);
    if (newer === table) return drafts;
    return inputs.map((input, index) => {
      const draft = drafts[index];
      return draft && !(draft instanceof DomainError) ? draft : this.#draftOne(accountId, input, newer);
    });
  }

  #draftOne(accountId: string, input: SendInput, table: RoutingTable): MessageDraft | DomainError {
    try {
      const draft = draftMessage(accountId, input, table, this.#clock.now());
      this.#noteMissingRates(draft);
      return draft;
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  }

  /**
   * A provider without a rate for a destination cannot compete for it. Note it, so that a provider that
   * publishes rates is asked for this one.
   */
  #noteMissingRates({ country, route }: MessageDraft): void {
    if (route.price === null) this.#missingRates.note(route.providerId, country);
    for (const { providerId, code } of route.rejected)
      if (code === "NO_RATE") this.#missingRates.note(providerId, country);
  }

  /** Counting what is spent takes more statements: only accounts with caps need it. */
  async #storeDraft(draft: MessageDraft): Promise<CountedOutcome> {
    const outcome = await this.#store.add(draft);
    return outcome.kind === "needsCounting" ? this.#storeCounted.add(draft) : outcome;
  }

  /**
   * A repeat of an accepted input stays accepted, even when it would be refused by now (because its time has
   * passed, say).
   */
  async #findEarlier(accountId: string, input: SendInput | undefined): Promise<EarlierUse> {
    if (input?.idempotencyKey == null || !isStorable(input.idempotencyKey)) return { kind: "unused" };
    const { idempotencyKey } = input;
    return this.#find.add({ accountId, idempotencyKey, fingerprint: fingerprint(input) });
  }
}

/** Messages to one recipient go out in the order given, unless they are scheduled for different times. */
function inOrder(drafts: readonly (MessageDraft | DomainError)[]): (MessageDraft | DomainError)[] {
  const last = new Map<string, string>();
  return drafts.map((draft) => {
    if (draft instanceof DomainError) return draft;
    const key = `${draft.recipient} ${draft.scheduledAt?.getTime() ?? ""}`;
    const follows = last.get(key);
    last.set(key, draft.id);
    return follows === undefined ? draft : { ...draft, follows };
  });
}
