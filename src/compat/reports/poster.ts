import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../database/database.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { Shares } from "../../lib/shares.ts";
import { Endpoints } from "../../webhooks/endpoints.ts";
import { findMessages, type KnownMessage } from "../known/messages.ts";
import { forms } from "../vendors.ts";
import { Origins, type HeldReport, type Origin } from "./origins.ts";
import {
  claimReports,
  findDueOrigins,
  leaseSeconds,
  notLooked,
  settleReports,
  type DueReport,
  type Settled,
} from "./queue.ts";

export interface PosterOptions {
  database: Database;
  clock: Clock;
  logger: Logger;
  random: () => number;
  /** Whether endpoints must have public addresses. */
  publicOnly: boolean;
  timeoutMs: number;
  maxConcurrent: number;
  /** The pauses after failures; the last one is repeated. */
  retryDelaysMs: readonly number[];
}

const minute = 60_000;

/** So long after it was taken a report may still be posted: another process takes it when its lease ends. */
const postableMs = (leaseSeconds * 1_000) / 3;

/** How long a stop waits for answers. */
const finishMs = 2_000;

/** Takes reports in advance, and posts them as fast as each origin answers. */
export class Poster {
  readonly #options: PosterOptions;
  /** Begin nothing new. */
  readonly #stopping: AbortSignal;
  readonly #onNews: (what: "room" | "settled") => void;
  readonly #owner = randomUUID();
  readonly #endpoints: Endpoints;
  readonly #origins = new Origins();
  /** Origins that may post more once others have ended. */
  readonly #crowded = new Set<Origin>();
  readonly #inFlight = new Set<Promise<void>>();
  /** Of the requests in progress. */
  readonly #places: Shares;
  #settled: Settled[] = [];
  /** Where the next look begins. */
  #looked = notLooked;

  /** @param onNews called when there is room for more reports, and when there are some to be noted as settled */
  constructor(options: PosterOptions, stopping: AbortSignal, onNews: (what: "room" | "settled") => void) {
    this.#options = options;
    this.#stopping = stopping;
    this.#onNews = onNews;
    this.#endpoints = new Endpoints(options);
    this.#places = new Shares(options.maxConcurrent);
  }

  /** Something may be due to these origins of accounts. */
  want(origins: Iterable<readonly [origin: string, accountId: string]>): void {
    for (const [origin, accountId] of origins) this.#origins.want(origin, accountId);
    this.#onNews("room");
  }

  async look(): Promise<void> {
    const { origins, looked } = await findDueOrigins(this.#options.database, this.#looked);
    this.#looked = looked;
    this.want(origins);
  }

  /** Takes what there is room for, and begins to post it; whether there may be more. */
  async take(): Promise<boolean> {
    const { database } = this.#options;
    const rooms = this.#origins.takeRooms();
    if (rooms.length === 0) return false;
    const takenAt = performance.now();
    const due = await claimReports(database, rooms, this.#owner);
    const byOrigin = Map.groupBy(due, ({ origin }) => origin);
    for (const { origin, places } of rooms) {
      const [first, ...more] = byOrigin.get(origin) ?? [];
      if (first && more.length + 1 === places) this.#origins.want(origin, first.accountId);
    }
    const messages = await this.#messagesOf(due);
    for (const [name, reports] of byOrigin) {
      const origin = this.#origins.get(name);
      for (const report of reports)
        origin.held.push({ report, message: messages.get(report.messageId), takenAt });
      this.#advance(origin);
    }
    return due.length > 0;
  }

  /** Notes what has become of reports. */
  async settle(): Promise<void> {
    const settled = this.#settled;
    if (settled.length === 0) return;
    this.#settled = [];
    try {
      const next = await settleReports(this.#options.database, settled, this.#owner);
      if (next.length > 0) this.want(next);
    } catch (error) {
      this.#settled = [...settled, ...this.#settled];
      throw error;
    }
  }

  /** Gives back what was not posted, and ends what is in progress. */
  async stop(): Promise<void> {
    for (const origin of this.#origins.all) this.#giveBack(origin.held.splice(0).map(({ report }) => report));
    const ended = Promise.all(this.#inFlight);
    await Promise.race([ended, pause(finishMs, undefined, { ref: false })]);
    await this.#endpoints.close();
    await ended;
    await this.settle();
  }

  async #messagesOf(due: readonly DueReport[]): Promise<Map<string, KnownMessage>> {
    const ids = due.map(({ messageId }) => messageId);
    try {
      return await findMessages(this.#options.database, ids);
    } catch (error) {
      this.#giveBack(due);
      throw error;
    }
  }

  #hasPlace({ held: [next], isWell }: Origin): boolean {
    return next === undefined || this.#places.left(next.report.accountId, isWell) > 0;
  }

  #advance(origin: Origin): void {
    this.#crowded.delete(origin);
    while (!this.#stopping.aborted && origin.isOpen) {
      if (!this.#hasPlace(origin)) return void this.#crowded.add(origin);
      const next = origin.held.shift() as HeldReport;
      if (performance.now() - next.takenAt > postableMs) this.#giveBack([next.report]);
      else this.#begin(origin, next);
    }
  }

  #begin(origin: Origin, held: HeldReport): void {
    const work = this.#tell(origin, held).finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
  }

  async #tell(origin: Origin, held: HeldReport): Promise<void> {
    const { isWell } = origin;
    const { accountId } = held.report;
    origin.inFlight++;
    this.#places.take(accountId, isWell, 1);
    this.#note(await this.#settledOf(origin, held));
    origin.inFlight--;
    this.#places.take(accountId, isWell, -1);
    this.#giveBack(origin.surplus().map(({ report }) => report));
    const crowded = this.#crowded.values().find((other) => this.#hasPlace(other));
    if (crowded) this.#advance(crowded);
    this.#advance(origin);
    if (this.#origins.isWanted(origin)) this.#onNews("room");
  }

  /** What cannot be said in the vendor's words must not hold up the rest. */
  async #settledOf(origin: Origin, held: HeldReport): Promise<Settled> {
    try {
      return await this.#post(origin, held);
    } catch (error) {
      this.#options.logger.error({ error }, "a report of a served API cannot be made");
      const { message: problem } = error as Error;
      return { id: held.report.id, kind: "refused", waitMs: 60 * minute, problem };
    }
  }

  async #post(origin: Origin, { report, message }: HeldReport): Promise<Settled> {
    const { id, api, url, attempts, accountId } = report;
    const { clock, random, retryDelaysMs } = this.#options;
    const form = forms[api];
    // Erased meanwhile: there is nothing left to tell.
    if (!message || message.recipient === "" || !form) return { id, kind: "taken" };
    const { body, contentType } = form.body(report, message, clock.now());
    const headers = { "content-type": contentType, "user-agent": form.userAgent };
    const answer = await this.#endpoints.post(accountId, url, headers, body);
    const isTaken = form.isTaken(answer.responseCode ?? 0);
    origin.note(isTaken, answer.latencyMs);
    if (isTaken) return { id, kind: "taken" };
    const delay = retryDelaysMs[Math.min(attempts, retryDelaysMs.length) - 1] ?? minute;
    const asked = Math.min(answer.retryAfterSeconds ?? 0, 3_600) * 1_000;
    const waitMs = Math.max(asked, delay * (0.9 + 0.2 * random()));
    const problem = answer.problem ?? `it answered ${answer.responseCode}, not 200`;
    return { id, kind: "refused", waitMs, problem };
  }

  #giveBack(reports: readonly DueReport[]): void {
    for (const { id, origin, accountId } of reports) {
      this.#note({ id, kind: "returned" });
      this.#origins.want(origin, accountId);
    }
  }

  #note(settled: Settled): void {
    this.#settled.push(settled);
    if (this.#settled.length === 1) this.#onNews("settled");
  }
}
