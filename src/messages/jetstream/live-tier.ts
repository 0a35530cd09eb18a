import type { Database } from "../../database/database.ts";
import type { Logger } from "../../lib/logger.ts";
import type { LogTail } from "../log/log-tail.ts";
import { Bus } from "./bus.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import type { NatsSettings } from "./settings.ts";
import { StoredLog } from "./stored-log.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamSource, type StreamSourceOptions } from "./stream-source.ts";
import { Names } from "./wire.ts";

/** What of the live tier runs on NATS: the source of this process's feed, and the relay of its worker. */
export class LiveTier {
  readonly #bus: Bus;
  readonly #names: Names;
  #source: StreamSource | undefined;
  #relay: Relay | undefined;

  /** @throws NatsSetupError when NATS does not want us */
  static async open(settings: NatsSettings, logger: Logger): Promise<LiveTier> {
    const bus = await Bus.open(settings, {
      onDown: (error) =>
        logger.warn({ error }, "NATS is away: events are read from PostgreSQL until it is back"),
      onUp: () => logger.info("connected to NATS"),
    });
    return new LiveTier(bus, new Names(settings.prefix));
  }

  constructor(bus: Bus, names: Names) {
    this.#bus = bus;
    this.#names = names;
  }

  /** Whether the feed of this process gets its events from NATS at present. */
  get isLive(): boolean {
    return this.#source?.isLive === true;
  }

  /** Whether this process publishes the events. */
  get isRelaying(): boolean {
    return this.#relay?.isLeading === true;
  }

  /** In words that anyone may see. */
  describe(): string {
    const events =
      this.#source?.isOpen === true ? `events come from ${this.isLive ? "NATS" : "PostgreSQL"}` : "";
    const relay = this.isRelaying ? "this worker publishes them to NATS" : "";
    const reach = this.#bus.isUp ? "" : "NATS is away";
    return [reach, events, relay].filter((part) => part !== "").join(", ");
  }

  source(
    database: Database,
    tail: LogTail,
    told: Pick<StreamSourceOptions, "onChange" | "onRepair">,
  ): StreamSource {
    const [bus, names] = [this.#bus, this.#names];
    const stored = new StoredLog(database, new StreamReader(bus, names));
    return (this.#source = new StreamSource({ bus, names, tail, stored, ...told }));
  }

  relay(options: Omit<RelayOptions, "bus" | "names">): Relay {
    return (this.#relay = new Relay({ ...options, bus: this.#bus, names: this.#names }));
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
