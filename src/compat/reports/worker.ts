import type { Listener } from "../../database/listener.ts";
import { pause } from "../../lib/pause.ts";
import { WakeUps } from "../../lib/wake-ups.ts";
import { eventChannel } from "../../messages/log/event-log.ts";
import { forgetSessions } from "../telekom/sessions.ts";
import { forms } from "../vendors.ts";
import { collectReports } from "./collect.ts";
import { Poster, type PosterOptions } from "./poster.ts";
import { forgetReports } from "./queue.ts";

export interface ReportWorkerOptions extends PosterOptions {
  listener: Listener;
  /** How long a report is kept that nobody takes. */
  keptDays: number;
}

const minute = 60_000;

/** Soon at first, since most endpoints are only restarted; then every hour. */
export const reportDelaysMs: readonly number[] = [
  5_000,
  30_000,
  2 * minute,
  10 * minute,
  30 * minute,
  60 * minute,
];

type Work = "events" | "room" | "settled" | "look";

/** How long a lost notice delays reports. */
const pollMs = 1_000;
/** Notices come with every message: what they are about is done for many at once. */
const leastPauseMs: Readonly<Record<Work, number>> = { events: 50, room: 10, settled: 20, look: 0 };
const forgetEveryMs = 60 * minute;

/** Tells clients of the served APIs what becomes of their messages. */
export async function startReports(options: ReportWorkerOptions): Promise<{ stop(): Promise<void> }> {
  const worker = new ReportWorker(options);
  await options.listener.on(eventChannel, () => worker.notice());
  worker.start();
  return worker;
}

class ReportWorker {
  readonly #options: ReportWorkerOptions;
  readonly #poster: Poster;
  readonly #stopping = new AbortController();
  readonly #wakeUps = new WakeUps<Work>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ReportWorkerOptions) {
    this.#options = options;
    this.#poster = new Poster(options, this.#stopping.signal, (news) => this.#wakeUps.wake(news));
  }

  start(): void {
    const [poster, options] = [this.#poster, this.#options];
    this.#running = Promise.all([
      this.#again("events", () => this.#collect()),
      this.#again("room", () => poster.take()),
      this.#again("settled", () => poster.settle().then(() => false)),
      this.#again("look", () => poster.look().then(() => false)),
      this.#regularly(forgetEveryMs, () => forgetReports(options.database, options.keptDays)),
      this.#regularly(minute, () => forgetSessions(options.database, this.#stopping.signal)),
    ]);
  }

  notice(): void {
    this.#wakeUps.wake("events");
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#poster.stop().catch((error: unknown) => this.#warn(error));
  }

  /** Repeats `work` soon as long as it finds something, otherwise when it is woken. */
  async #again(key: Work, work: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const woken = this.#wakeUps.next(key, signal, pollMs);
      let isMore = false;
      try {
        isMore = await work();
      } catch (error) {
        if (!signal.aborted) this.#warn(error);
      }
      if (!isMore) await woken;
      await pause(isMore && key === "events" ? 0 : leastPauseMs[key], signal);
    }
  }

  async #collect(): Promise<boolean> {
    const { isFull, isIdle, origins } = await collectReports(this.#options.database, forms);
    if (origins.size > 0) this.#poster.want(origins);
    // Where nobody uses the served APIs, every message would wake it for nothing.
    if (isIdle) await pause(pollMs, this.#stopping.signal);
    return isFull;
  }

  async #regularly(everyMs: number, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(everyMs, signal);
      if (signal.aborted) return;
      await work().catch((error: unknown) => this.#warn(error));
    }
  }

  #warn(error: unknown): void {
    this.#options.logger.warn({ error }, "reports of the served APIs cannot be told, trying again");
  }
}
