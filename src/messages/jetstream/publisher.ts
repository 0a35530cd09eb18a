import type { FeedRow } from "../log/event-rows.ts";
import type { Bus, Listening } from "./bus.ts";
import { encodeRow, idOf, type Names } from "./wire.ts";

/** A leader of the stream that is gone is replaced within a few seconds, or nobody answers at all. */
const answerMs = 3_000;

interface Answer {
  seq?: number;
  error?: { description: string };
}

interface Batch {
  waiting: number;
  settle: PromiseWithResolvers<void>;
}

/**
 * Publishes events, all of a batch at once, and waits until JetStream has stored them. Each is only stored as the next
 * after the one before it, so the stream cannot get them in another order, twice, or with a gap, whoever else publishes.
 */
export class Publisher {
  readonly #bus: Bus;
  readonly #names: Names;
  readonly #inbox: string;
  readonly #listening: Listening;
  readonly #batches = new Map<string, Batch>();
  #number = 0;

  constructor(bus: Bus, names: Names) {
    this.#bus = bus;
    this.#names = names;
    this.#inbox = bus.inbox();
    this.#listening = bus.listen(`${this.#inbox}.*`, (payload, subject) => this.#answer(payload, subject));
  }

  /**
   * Sends at once; resolves when everything is stored.
   * @param sequence of the last event that is stored
   * @throws Error when not all of it could be stored
   */
  publish(rows: readonly FeedRow[], sequence: number): Promise<void> {
    const { connection } = this.#bus;
    if (!connection) return Promise.reject(new Error("NATS is away"));
    if (rows.length === 0) return Promise.resolve();
    const reply = `${this.#inbox}.${this.#number++}`;
    const batch = { waiting: rows.length, settle: Promise.withResolvers<void>() };
    this.#batches.set(reply, batch);
    const timer = setTimeout(
      () => batch.settle.reject(new Error("JetStream does not store the events")),
      answerMs,
    );
    for (const [index, row] of rows.entries())
      connection.publish(this.#names.message(row[2], row[3]), encodeRow(row), {
        reply,
        headers: this.#bus.headers({
          "Nats-Msg-Id": idOf(row),
          "Nats-Expected-Last-Sequence": String(sequence + index),
        }),
      });
    return batch.settle.promise.finally(() => {
      clearTimeout(timer);
      this.#batches.delete(reply);
    });
  }

  close(): void {
    this.#listening.stop();
  }

  #answer(payload: string, subject: string): void {
    const batch = this.#batches.get(subject);
    if (!batch) return;
    // Without a stream there is an empty answer.
    const { seq, error } =
      payload === "" ? { error: { description: "no stream" } } : (JSON.parse(payload) as Answer);
    if (seq === undefined)
      batch.settle.reject(new Error(`JetStream does not store an event: ${error?.description}`));
    else if (--batch.waiting === 0) batch.settle.resolve();
  }
}
