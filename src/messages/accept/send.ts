import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { DomainError } from "../../lib/errors.ts";
import type { MissingRates } from "../../pricing/rates/missing-rates.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { isStorable } from "../../lib/storable.ts";
import { draftMessage, fingerprint, type MessageDraft } from "./draft.ts";
import { storeCounted } from "./store-counted.ts";
import { findEarlier, storeMessages, type Repeat, type StoreOutcome } from "./store-messages.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { SendInput } from "./send-input.ts";

const maxBatchSize = 500;

/** A refusal is not to come from a table that was read before the caller changed something elsewhere. */
const staleRefusalMs = 50;

/** A message that was stored (or had been, under the same idempotency key), or why it was not. */
export type SendResult = { messageId: string } | { error: DomainError };

export interface SenderOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  /** Hears of messages that have no rate. */
  missingRates: MissingRates;
  clock: Clock;
}

/** Accepts messages: checks, then stores message, event and job together. What it returned is committed. */
export class MessageSender {
  readonly #tables: RoutingTables;
  readonly #missingRates: MissingRates;
  readonly #clock: Clock;
  readonly #store: Batcher<MessageDraft, StoreOutcome | undefined>;
  readonly #storeCounted: Batcher<MessageDraft, StoreOutcome>;
  readonly #find: Batcher<Repeat, StoreOutcome | undefined>;

  constructor({ database, routingTables, spending, missingRates, clock }: SenderOptions) {
    this.#tables = routingTables;
    this.#missingRates = missingRates;
    this.#clock = clock;
    this.#store = new Batcher((drafts) => storeMessages(database, drafts), maxBatchSize);
    this.#storeCounted = new Batcher((drafts) => storeCounted(spending, drafts), maxBatchSize);
    this.#find = new Batcher((repeats) => findEarlier(database, repeats, clock.now()), maxBatchSize);
  }

  /** One result for each input, in the order given. Inputs with an error store nothing and hold up no other. */
  async send(accountId: string, inputs: readonly SendInput[]): Promise<SendResult[]> {
    const drafts = inOrder(await this.#draft(accountId, inputs));
    return Promise.all(
      drafts.map(async (draft, place): Promise<SendResult> => {
        const outcome = draft instanceof DomainError ? { error: draft } : await this.#storeDraft(draft);
        if (!("error" in outcome)) return outcome;
        return (await this.#earlier(accountId, inputs[place])) ?? outcome;
      }),
    );
  }

  async #draft(accountId: string, inputs: readonly SendInput[]): Promise<(MessageDraft | DomainError)[]> {
    const table = await this.#tables.of(accountId);
    const drafts = inputs.map((input) => this.#draftOne(accountId, input, table));
    if (!drafts.some((draft) => draft instanceof DomainError)) return drafts;
    const newer = await this.#tables.of(accountId, staleRefusalMs);
    if (newer === table) return drafts;
    return inputs.map((input, place) => {
      const draft = drafts[place];
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

  /** Who has no rate for a destination cannot compete for it: those that tell rates are asked. */
  #noteMissingRates({ country, route }: MessageDraft): void {
    if (route.price === null) this.#missingRates.note(route.providerId, country);
    for (const { providerId, code } of route.rejected)
      if (code === "NO_RATE") this.#missingRates.note(providerId, country);
  }

  /** Counting what is spent costs more statements: only accounts with caps need it. */
  async #storeDraft(draft: MessageDraft): Promise<StoreOutcome> {
    return (await this.#store.add(draft)) ?? (await this.#storeCounted.add(draft));
  }

  /** A repeat of an accepted input stays accepted, even when by now it would be refused (its time has passed, say). */
  async #earlier(accountId: string, input: SendInput | undefined): Promise<SendResult | undefined> {
    if (input?.idempotencyKey == null || !isStorable(input.idempotencyKey)) return undefined;
    const { idempotencyKey } = input;
    return this.#find.add({ accountId, idempotencyKey, fingerprint: fingerprint(input) });
  }
}

/** Those to one recipient go out in the order in which they were given, unless they have times of their own. */
function inOrder(drafts: readonly (MessageDraft | DomainError)[]): (MessageDraft | DomainError)[] {
  const last = new Map<string, string>();
  return drafts.map((draft) => {
    if (draft instanceof DomainError) return draft;
    const place = `${draft.recipient} ${draft.scheduledAt?.getTime() ?? ""}`;
    const follows = last.get(place);
    last.set(place, draft.id);
    return follows === undefined ? draft : { ...draft, follows };
  });
}
