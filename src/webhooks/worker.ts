import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AuditFeed, type StreamedEntry } from "../audit/feed.ts";
import type { SecretBox } from "../connections/secret-box.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { pause } from "../lib/pause.ts";
import { WakeUps } from "../lib/wake-ups.ts";
import type { EventFeed } from "../messages/log/event-feed.ts";
import type { LoggedEvent } from "../messages/log/logged-event.ts";
import { countAlive, isAlive, workerLockSpaces } from "../queue/live-workers.ts";
import { Bodies } from "./bodies.ts";
import { webhookChannel } from "./channel.ts";
import { auditOf } from "./audit-stream.ts";
import { messagesOf, type OnAttempt } from "./message-stream.ts";
import { readClaimed, type ClaimedWebhook } from "./claimed-webhook.ts";
import { Endpoints } from "./endpoints.ts";
import { Ledger } from "./ledger.ts";
import type { WebhookLimits } from "./limits.ts";
import { Pump, type PumpOptions } from "./pump.ts";

export interface WebhookWorkerOptions extends Pick<
  PumpOptions,
  "clock" | "random" | "logger" | "onDisabled"
> {
  database: Database;
  listener: Listener;
  box: SecretBox;
  feed: EventFeed;
  clock: Clock;
  logger: Logger;
  /** Makes the feed read the log; called before its first use. */
  openFeed: () => Promise<void>;
  /** Whether endpoints must have public addresses. */
  publicOnly: boolean;
  limits: WebhookLimits;
  onAttempt?: OnAttempt;
}

type AnyPump = Pump<LoggedEvent> | Pump<StreamedEntry>;

const [space, worker] = ["$1", "$2"];

/** SQL on `webhooks`: what is to be delivered now. */
const isOn =
  "enabled and not exists (select from accounts where id = webhooks.account_id and suspended_at is not null)";

// Fair shares: each worker takes no more than its part, rounded up.
const claim: Statement = {
  name: "claim_webhooks",
  text: `
    with dead as materialized (
      select worker from (select distinct worker from webhooks where ${isOn} and worker is not null) as w
      where not ${isAlive(space, "w.worker")}
    ), share as materialized (
      select ceil(count(*)::numeric / greatest(1, ${countAlive(space)}))::int as size,
        count(*) filter (where worker = ${worker})::int as mine
      from webhooks where ${isOn}
    ), free as (
      select id from webhooks
      where ${isOn} and (worker is null or worker in (select worker from dead))
      order by id
      limit (select greatest(0, size - mine) from share)
      for update skip locked
    ), claimed as (
      update webhooks set worker = ${worker} where id in (select id from free) returning id, revision
    )
    select size, array_agg(json_build_object('id', id, 'revision', revision)) filter (where id is not null) as webhooks
    from share
    left join (
      select id, revision from claimed
      union all
      select id, revision from webhooks where worker = ${worker} and ${isOn}
    ) as own on true
    group by size`,
};

const release: Statement = {
  name: "release_webhooks",
  text: `
    with released as (
      update webhooks set worker = null where worker = $1 and ($2::uuid[] is null or id = any ($2)) returning 1
    )
    select pg_notify('${webhookChannel}', '') from (select count(*) as count from released) as r where count > 0`,
};

/** How soon a webhook of a dead worker is taken over, and changes are seen whose notice was lost. */
const tendEveryMs = 1_000;
const noteIdleEveryMs = 30_000;
/** How long a stop waits for requests in progress. What they delivered is repeated when they take longer. */
const maxDrainMs = 5_000;

/**
 * Delivers to a share of all webhooks. Each has one worker, which shows by an advisory lock that it lives; the
 * webhooks of a dead one are taken over.
 */
export async function startWebhooks(options: WebhookWorkerOptions): Promise<{ stop(): Promise<void> }> {
  const runner = new WebhookWorker(options);
  await runner.start();
  return runner;
}

class WebhookWorker {
  readonly #options: WebhookWorkerOptions;
  readonly #name = randomUUID();
  readonly #pumps = new Map<string, AnyPump>();
  /** Webhooks that are being handed on. */
  readonly #leaving = new Set<string>();
  readonly #endings = new Set<Promise<void>>();
  readonly #unreadable = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #wakeUps = new WakeUps();
  readonly #ledger: Ledger;
  readonly #endpoints: Endpoints;
  readonly #pumpOptions: PumpOptions;
  readonly #bodies: Bodies;
  readonly #auditFeed: AuditFeed;
  #running: Promise<unknown> = Promise.resolve();
  #releaseLock: () => Promise<void> = () => Promise.resolve();
  #isFeedOpen = false;
  #isNoticed = false;

  constructor(options: WebhookWorkerOptions) {
    const { database, limits, publicOnly, logger } = options;
    this.#options = options;
    this.#ledger = new Ledger(database, this.#name, (error) =>
      logger.warn({ error }, "the progress of webhooks cannot be stored, trying again"),
    );
    this.#endpoints = new Endpoints({
      publicOnly,
      timeoutMs: limits.timeoutMs,
      maxConcurrent: limits.maxConcurrent,
      maxPerSecond: limits.maxPerSecond,
    });
    this.#bodies = new Bodies(database);
    this.#auditFeed = new AuditFeed(database, (error) =>
      logger.warn({ error }, "the audit log cannot be read for webhooks, trying again"),
    );
    this.#pumpOptions = {
      ...options,
      endpoints: this.#endpoints,
      ledger: this.#ledger,
      maxInFlight: limits.maxInFlight,
      retryDelaysMs: limits.retryDelaysMs,
    };
  }

  async start(): Promise<void> {
    const { listener } = this.#options;
    this.#releaseLock = await listener.hold(workerLockSpaces.webhooks, this.#name);
    await listener.on(webhookChannel, () => this.#notice());
    this.#running = Promise.all([this.#tend(), this.#noteIdle()]);
  }

  async stop(): Promise<void> {
    const { database, logger } = this.#options;
    this.#stopping.abort();
    await this.#running;
    // Whoever has been woken runs first.
    await setImmediate();
    for (const pump of this.#pumps.values()) pump.noteIdle();
    const drained = new AbortController();
    const ended = Promise.all([...this.#endings, ...[...this.#pumps.values()].map((pump) => pump.stop())]);
    void ended.then(() => drained.abort());
    await pause(maxDrainMs, drained.signal);
    await this.#endpoints.close();
    await this.#ledger.close();
    await database
      .query(release, [this.#name, null])
      .catch((error: unknown) => logger.warn({ error }, "webhooks could not be handed on: others notice it"));
    await this.#releaseLock();
  }

  #notice(): void {
    this.#isNoticed = true;
    this.#wakeUps.wakeAll();
  }

  async #tend(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isNoticed = false;
      try {
        await this.#adjust();
      } catch (error) {
        this.#options.logger.warn({ error }, "webhooks could not be looked for, trying again");
      }
      if (!this.#isNoticed) await this.#wakeUps.next(undefined, signal, tendEveryMs);
    }
  }

  async #noteIdle(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(noteIdleEveryMs, signal);
      for (const pump of this.#pumps.values()) pump.noteIdle();
    }
  }

  /** Starts and ends pumps, so that each webhook of this worker has one. */
  async #adjust(): Promise<void> {
    const { database } = this.#options;
    const [row] = await database.query<{ size: number; webhooks: { id: string; revision: number }[] | null }>(
      claim,
      [workerLockSpaces.webhooks, this.#name],
    );
    const { size = 0, webhooks } = row ?? {};
    const own = new Map((webhooks ?? []).map(({ id, revision }) => [id, revision]));
    for (const pump of this.#pumps.values())
      if (pump.isLost || own.get(pump.id) !== pump.revision) this.#end(pump);
    const mine = [...own.keys()].filter((id) => !this.#leaving.has(id));
    for (const id of mine.slice(size)) this.#handOn(id);
    const missing = mine.slice(0, size).filter((id) => !this.#pumps.has(id));
    if (missing.length > 0) await this.#startPumps(missing);
  }

  /** Nobody waits for its requests in progress: those of an endpoint that does not answer take a while. */
  #end(pump: AnyPump): void {
    pump.lose();
    this.#pumps.delete(pump.id);
    this.#track(pump.stop());
  }

  /** Gives a webhook to a worker that has fewer, once its requests have ended. */
  #handOn(id: string): void {
    const pump = this.#pumps.get(id);
    this.#pumps.delete(id);
    this.#leaving.add(id);
    const leave = async (): Promise<void> => {
      await pump?.stop();
      if (pump) await this.#ledger.store(pump);
      await this.#options.database.query(release, [this.#name, [id]]);
    };
    this.#track(leave().finally(() => this.#leaving.delete(id)));
  }

  #track(ending: Promise<void>): void {
    const tracked = ending
      .catch((error: unknown) => this.#options.logger.warn({ error }, "a webhook could not be handed on"))
      .finally(() => this.#endings.delete(tracked));
    this.#endings.add(tracked);
  }

  #pumpOf(webhook: ClaimedWebhook): AnyPump {
    const { feed, onAttempt = () => undefined } = this.#options;
    if (webhook.stream === "AUDIT")
      return new Pump(webhook, auditOf(webhook, { feed: this.#auditFeed, onAttempt }), this.#pumpOptions);
    const source = messagesOf(webhook, { feed, bodies: this.#bodies, onAttempt });
    return new Pump(webhook, source, this.#pumpOptions);
  }

  async #startPumps(ids: readonly string[]): Promise<void> {
    const { database, openFeed, logger } = this.#options;
    if (!this.#isFeedOpen) await openFeed();
    this.#isFeedOpen = true;
    for (const webhook of await readClaimed(database, ids, this.#name)) {
      try {
        this.#pumps.set(webhook.id, this.#pumpOf(webhook));
      } catch (error) {
        if (this.#unreadable.has(webhook.id)) continue;
        this.#unreadable.add(webhook.id);
        logger.error({ error, webhookId: webhook.id }, "the secrets of a webhook cannot be read");
      }
    }
  }
}
