import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import type { Message } from "../../database/generated/client.ts";
import { DomainError } from "../../lib/errors.ts";
import type { MissingRates } from "../../pricing/rates/missing-rates.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spending } from "../../pricing/spending/spending.ts";
import { restrict } from "../../pricing/routing/restrict.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import { Slices } from "../../lib/slices.ts";
import { isStorable } from "../../lib/storable.ts";
import { draftMessage, fingerprint, storedKey, type MessageDraft } from "./draft.ts";
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

/** Messages in one statement; a call is never divided, so that its order is the order in the log. */
const maxBatchSize = 500;
/** The next batch is made ready while PostgreSQL commits one. */
const batchesAtOnce = 2;

/** For a database that is slow to take messages: callers are told within these limits, and may repeat. */
const patience = { maxWaiting: 20_000, waitMs: 8_000, answerMs: 20_000 };

/**
 * Before refusing, re-read the routing table if it is older than this: the caller may just have changed a
 * policy through another process.
 */
const staleRefusalMs = 50;

/**
 * The stored message, or why it was not stored. One that was stored before under the same idempotency key
 * comes without its row, which has changed since.
 */
export type SendResult = { messageId: string; message?: Message } | { error: DomainError };

interface SenderOptions {
  database: Database;
  routingTables: RoutingTables;
  spending: Spending;
  /** Notes destinations without a rate. */
  missingRates: MissingRates;
  clock: Clock;
}

const sizeOf = ({ length }: MessageDraft[]): number => length;

/**
 * Accepts messages: checks them, then stores message, event and job together. What it returns is committed.
 */
export class MessageSender {
  readonly #tables: RoutingTables;
  readonly #missingRates: MissingRates;
  readonly #clock: Clock;
  readonly #store: Batcher<MessageDraft[], StoreOutcome[]>;
  readonly #storeCounted: Batcher<MessageDraft[], CountedOutcome[]>;
  readonly #find: Batcher<Repeat, EarlierUse>;

  constructor({ database, routingTables, spending, missingRates, clock }: SenderOptions) {
    this.#tables = routingTables;
    this.#missingRates = missingRates;
    this.#clock = clock;
    const store = together((drafts: MessageDraft[]) => storeMessages(database, drafts));
    this.#store = new Batcher(store, maxBatchSize, batchesAtOnce, sizeOf, patience);
    const count = together((drafts: MessageDraft[]) => storeCounted(spending, drafts));
    this.#storeCounted = new Batcher(count, maxBatchSize, 1, sizeOf, patience);
    this.#find = new Batcher(
      (repeats) => findEarlier(database, repeats),
      maxBatchSize,
      1,
      undefined,
      patience,
    );
  }

  /**
   * One result for each input, in the order given. An input with an error is not stored and does not hold up
   * the others. `within`: what the calling key may send; undefined for everything.
   */
  async send(
    accountId: string,
    inputs: readonly SendInput[],
    within: SendRestrictions | undefined,
  ): Promise<SendResult[]> {
    const drafts = inOrder(await this.#draft(accountId, inputs, within));
    const outcomes = await this.#storeDrafts(drafts.filter(isDraft));
    return Promise.all(
      drafts.map(async (draft, index): Promise<SendResult> => {
        const outcome = draft instanceof DomainError ? { error: draft } : outcomes.get(draft);
        if (!outcome) throw new Error("A draft has no outcome");
        if (!("error" in outcome)) return outcome;
        const earlier = await this.#findEarlier(accountId, inputs[index]);
        if (earlier.kind === "repeated") return { messageId: earlier.messageId };
        return { error: earlier.kind === "conflict" ? earlier.error : outcome.error };
      }),
    );
  }

  async #draft(
    accountId: string,
    inputs: readonly SendInput[],
    within: SendRestrictions | undefined,
  ): Promise<(MessageDraft | DomainError)[]> {
    const table = restrict(await this.#tables.of(accountId), within);
    const slices = new Slices(accountId);
    const drafts: (MessageDraft | DomainError)[] = [];
    for (const input of inputs) {
      if (slices.isOver) await slices.rest();
      drafts.push(this.#draftOne(accountId, input, table));
    }
    if (drafts.every(isDraft)) return drafts;
    const newer = restrict(await this.#tables.of(accountId, staleRefusalMs), within);
    if (newer === table) return drafts;
    for (const [index, input] of inputs.entries()) {
      if (!(drafts[index] instanceof DomainError)) continue;
      if (slices.isOver) await slices.rest();
      drafts[index] = this.#draftOne(accountId, input, newer);
    }
    return drafts;
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
  async #storeDrafts(drafts: MessageDraft[]): Promise<ReadonlyMap<MessageDraft, CountedOutcome>> {
    const outcomes = new Map<MessageDraft, CountedOutcome>();
    if (drafts.length === 0) return outcomes;
    const toCount: MessageDraft[] = [];
    for (const [index, outcome] of (await this.#store.add(drafts)).entries()) {
      const draft = drafts[index] as MessageDraft;
      if (outcome.kind === "needsCounting") toCount.push(draft);
      else outcomes.set(draft, outcome);
    }
    if (toCount.length === 0) return outcomes;
    const counted = await this.#storeCounted.add(toCount);
    for (const [index, draft] of toCount.entries()) outcomes.set(draft, counted[index] as CountedOutcome);
    return outcomes;
  }

  /**
   * A repeat of an accepted input stays accepted, even when it would be refused by now (because its time has
   * passed, say).
   */
  async #findEarlier(accountId: string, input: SendInput | undefined): Promise<EarlierUse> {
    const idempotencyKey = input && storedKey(input);
    if (!input || idempotencyKey == null || !isStorable(idempotencyKey)) return { kind: "unused" };
    return this.#find.add({ accountId, idempotencyKey, fingerprint: fingerprint(input) });
  }
}

const isDraft = (draft: MessageDraft | DomainError): draft is MessageDraft => !(draft instanceof DomainError);

/**
 * Messages to one recipient go out in the order given, unless they are scheduled for different times. Their ids are in this
 * order, too: those of one millisecond are not by themselves.
 */
function inOrder(given: readonly (MessageDraft | DomainError)[]): (MessageDraft | DomainError)[] {
  const last = new Map<string, string>();
  const ids = given
    .flatMap((draft) => (isDraft(draft) ? draft.id : []))
    .toSorted()
    .values();
  return given.map((one) => {
    if (one instanceof DomainError) return one;
    const draft = { ...one, id: ids.next().value ?? one.id };
    const key = `${draft.recipient} ${draft.scheduledAt?.getTime() ?? ""}`;
    const follows = last.get(key);
    last.set(key, draft.id);
    return follows === undefined ? draft : { ...draft, follows };
  });
}

/** Does for many lists at once what `work` does for one. */
const together =
  <Item, Result>(work: (items: Item[]) => Promise<Result[]>) =>
  async (lists: Item[][]): Promise<Result[][]> => {
    const results = (await work(lists.flat())).values();
    return lists.map(({ length }) => [...results.take(length)]);
  };
