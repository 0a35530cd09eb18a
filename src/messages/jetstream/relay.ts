import type { JetStreamManager } from "@nats-io/jetstream";
import type { Database } from "../../database/database.ts";
import { lead } from "../../database/leader.ts";
import type { Listener } from "../../database/listener.ts";
import type { Logger } from "../../lib/logger.ts";
import { WakeUps } from "../../lib/wake-ups.ts";
import { comparePositions, eventChannel, readEnd, readLogFloor, readTailRows } from "../log/event-log.ts";
import type { Position } from "../log/logged-event.ts";
import type { Bus } from "./bus.ts";
import { Publisher } from "./publisher.ts";
import { NatsSetupError } from "./settings.ts";
import { prepareStream } from "./stream-setup.ts";
import { decodeRow, encodeMark, positionOf, type Names } from "./wire.ts";

/** How often there is a mark without events, so that listeners know that somebody publishes. */
const markEveryMs = 1_000;
const batchSize = 500;
const unsettledRetryMs = 2;
const maxUnsettledRetryMs = 32;

export interface RelayOptions {
  database: Database;
  databaseUrl: string;
  listener: Listener;
  bus: Bus;
  names: Names;
  logger: Logger;
  onPublished?: (events: number) => void;
}

/** How far the stream is. */
interface Place {
  position: Position;
  sequence: number;
  firstSequence: number;
  /** Nothing in the stream was copied before this erasure. */
  erasedTx: bigint;
}

/** Copies the settled log into the stream: one relay at a time over all workers. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #wakeUps = new WakeUps();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #stopListening: () => Promise<void> = () => Promise.resolve();
  #isHinted = false;
  #isLeading = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether this process is the one that publishes. */
  get isLeading(): boolean {
    return this.#isLeading;
  }

  async start(): Promise<void> {
    const { databaseUrl: url, listener, logger } = this.#options;
    this.#stopListening = await listener.on(eventChannel, () => this.#hint());
    const work = (signal: AbortSignal): Promise<void> => this.#lead(signal);
    const onError = (error: Error): void => {
      if (error instanceof NatsSetupError) logger.error({ error }, "events cannot be published to NATS");
      else logger.warn({ error }, "events could not be published to NATS, trying again");
    };
    this.#running = lead({ url, space: "smsgraph relay", key: "", work, onError }, this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#stopListening();
  }

  #hint(): void {
    this.#isHinted = true;
    this.#wakeUps.wakeAll();
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { bus, names, logger } = this.#options;
    const { connection } = bus;
    if (!connection) throw new Error("NATS is away");
    const manager = await prepareStream(connection, names, bus.settings);
    const place = await this.#resume(manager);
    const publisher = new Publisher(bus, names);
    logger.info("this worker publishes the events to NATS");
    this.#isLeading = true;
    try {
      await this.#copy({ publisher, manager }, place, signal);
    } finally {
      this.#isLeading = false;
      publisher.close();
    }
  }

  /** The end of the stream, which is where it goes on. A stream that the log does not continue is emptied. */
  async #resume(manager: JetStreamManager): Promise<Place> {
    const { database, names, logger } = this.#options;
    const { state } = await manager.streams.info(names.stream);
    const { last_seq: sequence, first_seq: firstSequence } = state;
    const last =
      state.messages > 0 ? await manager.streams.getMessage(names.stream, { seq: sequence }) : undefined;
    const row = last ? decodeRow(last.string()) : undefined;
    const [end, floor] = [await readEnd(database), await readLogFloor(database)];
    const { erasedTx } = floor;
    const position = row && positionOf(row);
    if (position && comparePositions(position, end) <= 0 && comparePositions(position, floor) >= 0) {
      const place = { position, sequence, firstSequence, erasedTx };
      const first = await manager.streams.getMessage(names.stream, { seq: firstSequence });
      const oldest = first && decodeRow(first.string());
      return oldest && positionOf(oldest).tx > erasedTx ? place : this.#empty(manager, place, erasedTx);
    }
    if (state.messages > 0) {
      logger.warn("the stream at NATS does not belong to the end of the log: it is emptied");
      await manager.streams.purge(names.stream);
    }
    return { position: end, sequence, firstSequence: sequence + 1, erasedTx };
  }

  /**
   * Takes everything out of the stream, since something of it was erased in the log. That is rare, so nothing is searched
   * for: until the stream has grown again, who comes back reads the log.
   */
  async #empty(manager: JetStreamManager, place: Place, erasedTx: bigint): Promise<Place> {
    await manager.streams.purge(this.#options.names.stream);
    return { ...place, firstSequence: place.sequence + 1, erasedTx };
  }

  async #copy(
    { publisher, manager }: { publisher: Publisher; manager: JetStreamManager },
    start: Place,
    signal: AbortSignal,
  ): Promise<void> {
    const { database, onPublished = () => undefined } = this.#options;
    let place = start;
    let stored = Promise.resolve();
    let markedAt = -Infinity;
    let unsettledMs = unsettledRetryMs;
    while (!signal.aborted) {
      this.#isHinted = false;
      const tail = await readTailRows(database, place.position, { limit: batchSize, facts: true });
      // The next are read while the last are being stored, but not published.
      await stored;
      signal.throwIfAborted();
      const { rows, position: to, erasedTx } = tail;
      if (erasedTx > place.erasedTx) place = await this.#empty(manager, place, erasedTx);
      const sequence = place.sequence + rows.length;
      stored = publisher.publish(rows, place.sequence);
      stored.catch(() => undefined);
      const isNews = comparePositions(to, place.position) > 0;
      if (isNews || performance.now() - markedAt >= markEveryMs) {
        const { position: from, firstSequence } = place;
        this.#mark({ from, to, sequence, firstSequence, erasedTx }, rows);
        markedAt = performance.now();
      }
      place = { ...place, position: to, sequence };
      if (rows.length > 0) onPublished(rows.length);
      unsettledMs =
        tail.unsettled && rows.length === 0
          ? Math.min(unsettledMs * 2, maxUnsettledRetryMs)
          : unsettledRetryMs;
      if (!tail.more && !this.#isHinted)
        await this.#wakeUps.next(undefined, signal, tail.unsettled ? unsettledMs : markEveryMs);
    }
    await stored;
  }

  #mark(mark: Parameters<typeof encodeMark>[0], rows: Parameters<typeof encodeMark>[1]): void {
    const { bus, names } = this.#options;
    bus.connection?.publish(names.marks, encodeMark(mark, rows));
  }
}
