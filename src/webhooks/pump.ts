import type { SecretBox } from "../connections/secret-box.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { pause } from "../lib/pause.ts";
import { comparePositions } from "../messages/log/event-log.ts";
import { eventId } from "../messages/log/timelines.ts";
import type { Position } from "../messages/log/logged-event.ts";
import { headerId, resetBody } from "./bodies.ts";
import type { ClaimedWebhook, Progress } from "./claimed-webhook.ts";
import type { Delivered } from "./delivered.ts";
import type { Answer, Endpoints } from "./endpoints.ts";
import type { Keeper, Ledger } from "./ledger.ts";
import { pauseAfter } from "./retries.ts";
import { Session, type Unit } from "./session.ts";
import { describeProblem } from "./problem.ts";
import { signedHeaders, type SigningSecrets } from "./signing.ts";

export interface PumpOptions {
  endpoints: Endpoints;
  ledger: Ledger;
  box: SecretBox;
  clock: Clock;
  random: () => number;
  logger: Logger;
  /** Requests in progress of one webhook. */
  maxInFlight: number;
  retryDelaysMs: readonly number[];
  onDisabled?: () => void;
}

/** After an error that is not the endpoint's. */
const errorPauseMs = 1_000;

/** How often a pause looks at the clock: one that was set right must not make an endpoint wait for hours. */
const lookAtClockMs = 2_000;

/** Delivers to one webhook for as long as this worker has it: sessions, with pauses after failures. */
export class Pump<Item extends Position> implements Keeper {
  readonly #webhook: ClaimedWebhook;
  readonly #source: Delivered<Item>;
  readonly #options: PumpOptions;
  readonly #secrets: SigningSecrets;
  /** Begin nothing new. */
  readonly #stopping = new AbortController();
  /** Send nothing more: the webhook is not ours any longer. */
  readonly #lost = new AbortController();
  readonly #delivered = new Set<string>();
  readonly #running: Promise<void>;
  #session: Session<Item> | undefined;

  constructor(webhook: ClaimedWebhook, source: Delivered<Item>, options: PumpOptions) {
    this.#webhook = webhook;
    this.#source = source;
    this.#options = options;
    this.#secrets = options.box.open(webhook.secrets, webhook.id) as SigningSecrets;
    this.#running = this.#run();
  }

  get id(): string {
    return this.#webhook.id;
  }

  get revision(): number {
    return this.#webhook.revision;
  }

  get progress(): Progress {
    return this.#webhook.progress;
  }

  /** Whether it has ended because the webhook was no longer ours. It may be ours again by now. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  lose(): void {
    this.#stopping.abort();
    this.#lost.abort();
  }

  /** Begins nothing new, delivers what must be so that nothing is repeated, and resolves when that has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#session?.drain();
    await this.#running;
  }

  /**
   * A webhook without matching events moves on as well. Otherwise whoever takes it over would read everything
   * since its last event.
   */
  noteIdle(): void {
    const position = this.#session?.idleAt;
    if (position) this.#moveTo(position);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.progress.enabled) {
      if (this.progress.retryAt) await this.#pauseUntil(this.progress.retryAt);
      if (signal.aborted) return;
      try {
        const failure = await this.#deliverUntilFailure();
        if (failure) this.#fail(failure);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error({ error, webhookId: this.id }, "a webhook cannot be served, trying again");
        await pause(errorPauseMs, signal);
      }
    }
  }

  async #pauseUntil(time: Date): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const leftMs = time.getTime() - this.#options.clock.now().getTime();
      if (leftMs <= 0) return;
      await pause(Math.min(leftMs, lookAtClockMs), signal);
    }
  }

  async #deliverUntilFailure(): Promise<Answer | undefined> {
    const { maxInFlight } = this.#options;
    this.#session = new Session({
      webhook: this.#webhook,
      source: this.#source,
      maxInFlight,
      plan: (end) => this.#plan(end),
      deliver: (unit) => this.#deliver(unit),
      onProgress: (cursor) => this.#moveTo(cursor),
      delivered: this.#delivered,
      signal: this.#lost.signal,
    });
    try {
      return await this.#session.run();
    } finally {
      this.#session = undefined;
    }
  }

  async #plan(end: Position): Promise<void> {
    const { batch } = this.progress;
    if (batch && comparePositions(batch, end) === 0) return;
    this.progress.batch = end;
    await this.#options.ledger.store(this);
  }

  #moveTo(cursor: Position): void {
    this.progress.cursor = cursor;
    this.progress.batch = undefined;
    this.#options.ledger.note(this);
  }

  async #deliver(unit: Unit<Item>): Promise<Answer> {
    const { id, url, accountId } = this.#webhook;
    const { clock, endpoints } = this.#options;
    const events = unit.kind === "events" ? unit.events : [];
    const header =
      unit.kind === "events"
        ? headerId(id, events.map(eventId))
        : headerId(id, [unit.reason, eventId(this.progress.cursor)]);
    const body =
      unit.kind === "events"
        ? await this.#source.body(events)
        : resetBody(unit.reason, unit.end, clock.now());
    const attemptedAt = clock.now();
    const answer = await endpoints.post(
      accountId,
      url,
      signedHeaders(this.#secrets, header, body, attemptedAt),
      body,
    );
    this.#list({ header, answer, attemptedAt, events: events.length });
    this.#source.attempted(answer.kind, answer.kind === "delivered" ? events : []);
    if (answer.kind === "delivered") this.#recover();
    return answer;
  }

  #recover(): void {
    if (this.progress.failures === 0) return;
    const { logger } = this.#options;
    logger.info({ webhookId: this.id, failures: this.progress.failures }, "a webhook answers again");
    Object.assign(this.progress, {
      failures: 0,
      failingSince: undefined,
      retryAt: undefined,
      problem: undefined,
    });
    this.#options.ledger.note(this);
  }

  #list(attempt: { header: string; answer: Answer; attemptedAt: Date; events: number }): void {
    const { failed, progress } = this.#webhook;
    const { header, answer, attemptedAt, events } = attempt;
    const before = failed.get(header);
    const number = before?.number ?? progress.lastDelivery + 1n;
    const attempts = (before?.attempts ?? 0) + 1;
    const firstAttemptedAt = before?.firstAttemptedAt ?? attemptedAt;
    const isDelivered = answer.kind === "delivered";
    const isListed = this.#options.ledger.list({
      webhookId: this.id,
      number,
      headerId: header,
      events,
      status: isDelivered ? "DELIVERED" : "FAILED",
      responseCode: answer.responseCode ?? null,
      latencyMs: answer.latencyMs,
      attempts,
      problem: answer.problem ?? null,
      firstAttemptedAt,
      lastAttemptedAt: attemptedAt,
    });
    if (isListed && !before) progress.lastDelivery = number;
    if (isDelivered) failed.delete(header);
    else failed.set(header, { number, attempts, firstAttemptedAt });
    this.#options.ledger.note(this);
  }

  #fail(answer: Answer): void {
    const { clock, random, retryDelaysMs, logger, ledger } = this.#options;
    const { progress } = this;
    const now = clock.now();
    progress.failures++;
    progress.failingSince ??= now;
    const pauseMs =
      answer.kind === "gone"
        ? undefined
        : pauseAfter(progress.failures, answer, { delaysMs: retryDelaysMs, random });
    progress.enabled = pauseMs !== undefined;
    progress.retryAt = pauseMs === undefined ? undefined : new Date(now.getTime() + pauseMs);
    progress.problem = describeProblem(answer, progress);
    ledger.note(this);
    const { failures, retryAt } = progress;
    const line = { webhookId: this.id, failures, problem: answer.problem, retryAt };
    if (retryAt) return logger.warn(line, "a webhook's endpoint does not take events, trying again later");
    this.#options.onDisabled?.();
    logger.warn(line, "a webhook is disabled: its endpoint takes no events");
  }
}
