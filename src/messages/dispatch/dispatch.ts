import { setTimeout } from "node:timers/promises";
import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Connection, Connections } from "../../connections/connections.ts";
import type { ProviderPlaces } from "../../lanes/provider-places.ts";
import type { Database } from "../../database/database.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import { findAlike } from "./alike.ts";
import { singleOutClaimOf, startAttempts } from "./attempts.ts";
import { readForDispatch, type DispatchMessage } from "./dispatch-message.ts";
import type { ClosedLanes } from "../../lanes/closed-lanes.ts";
import { dispatchJob } from "./after-attempt.ts";
import type { Failover } from "./failover.ts";
import { addJobs, dispatchKey, removeJobs, rescheduleNow } from "../../queue/jobs.ts";
import { admitMessages, type Wait } from "../../lanes/admission.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Shares } from "../../lib/shares.ts";
import type { StatusChange } from "../model/status-change.ts";
import { cancelSuppressed, lockToClaim } from "./suppressed.ts";
import { toSubmission } from "./submission.ts";
import { applyChanges } from "../changes/transition.ts";
import { tracedFor } from "../../tracing/tracing.ts";
import { jobSpan } from "../../queue/job-span.ts";
import { tracedSubmission } from "./spans.ts";

interface DispatcherOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  outcomes: Outcomes;
  lanes: ClosedLanes;
  failover: Failover;
  places: ProviderPlaces;
  /** The places for messages that are not sent: those of one account are some of a worker's. */
  unsent: Shares;
  onOutcome?: (kind: string, outcome: SubmitOutcome["kind"], seconds: number) => void;
}

/** What became of the attempt to send a message now. */
type AttemptClaim =
  | { kind: "claimed"; startedAt: Date }
  | ({ kind: "wait" } & Wait)
  /** It was changed after it was read. */
  | { kind: "changed" }
  /** Its validity ended while it waited for its turn. */
  | { kind: "expired" }
  /** Not to be sent by this job any more: the message was cancelled, or another worker took it. */
  | { kind: "lost" };

/** A longer wait happens in the queue, so that it does not occupy a worker's place. */
const maxTurnMs = 250;

/** How long the message and provider that were read count as current while the message waits for its turn. */
const staleMs = 1_000;

/** Clocks of the database and of workers differ by less. */
const mostEarlyMs = 5_000;

/** How soon a message checks by itself whether the one before it has been sent. */
const earlierRetryMs = { min: 200, max: 10_000 };

const maxBatchSize = 200;
const pausedRetryMs = 30_000;
/** How often one job may move a message to another provider at once; then it waits. */
const maxMoves = 3;
/**
 * How long a lane's jobs are skipped after one found no other route; its neighbours would fail the same way.
 */
const stuckMs = 1_000;

/** How soon a message looks again whether its provider, or its account, has a place. */
const noPlaceMs = 250;

/**
 * Hands queued messages to their providers. A message is SUBMITTING in the database before its request is
 * written, so a worker that finds it in that state later knows that it may have been sent, and never sends it
 * again.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #claims: Batcher<DispatchMessage, AttemptClaim>;
  /** Messages that are being ended now, by their provider and what they become. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#claims = new Batcher((messages) => this.#claim(messages), maxBatchSize);
  }

  /** Runs one dispatch job. When it returns, the job is done. */
  dispatch(messageId: string): Promise<void> {
    return this.#dispatch(messageId, 0);
  }

  /** `moves`: how often this job has moved the message to another provider. */
  async #dispatch(messageId: string, moves: number): Promise<void> {
    const readAt = this.#now();
    const message = await readForDispatch(this.#options.database, messageId);
    if (!message) return;
    if (message.status === "SUBMITTING" || message.hasOpenAttempt) return this.#abandon(messageId, readAt);
    if (message.status !== "QUEUED" && message.status !== "SCHEDULED") return;
    // A campaign sends its own messages: it may be paused.
    if (message.campaignId !== null) return;
    // It was put off after its job had begun.
    if (message.status === "SCHEDULED" && message.earlyMs > mostEarlyMs)
      return this.#postpone(message, message.earlyMs);
    const connection = await this.#options.connections.get(message.providerId);
    const isOpen = connection?.row.disconnectedAt === null && connection.row.enabled;
    if (!isOpen || message.behindSince || this.#isExpired(message)) {
      const isMoved = await this.#inShare(message, () => this.#keepBack(message, connection, moves));
      return isMoved ? this.#dispatch(messageId, moves + 1) : undefined;
    }
    const leave = this.#options.places.take(message);
    if (!leave) {
      const { accountId } = message;
      this.#options.lanes.crowd(accountId, this.#options.places.withoutPlace(accountId), noPlaceMs);
      return this.#postpone(message, noPlaceMs);
    }
    try {
      await this.#claimAndSubmit(message, connection, moves);
    } finally {
      leave();
      // Now, since who has done a job fetches the next one at once, and looks again only after a second if there is none.
      this.#options.lanes.uncrowd(message.accountId);
    }
  }

  #isExpired({ validUntil }: DispatchMessage): boolean {
    return validUntil !== null && validUntil <= this.#now();
  }

  /**
   * Work on a message that is not sent now, while its account has a share left for that. Thousands of messages may end or wait
   * at the same moment, and everybody else's are behind them in the queue. False without a share: it is looked at again.
   */
  async #inShare(message: DispatchMessage, work: () => Promise<boolean>): Promise<boolean> {
    const { accountId, providerId } = message;
    const { unsent, lanes } = this.#options;
    if (unsent.left(accountId, true) <= 0) {
      lanes.crowd(accountId, [providerId], noPlaceMs);
      await this.#postpone(message, noPlaceMs);
      return false;
    }
    unsent.take(accountId, true, 1);
    try {
      return await work();
    } finally {
      unsent.take(accountId, true, -1);
    }
  }

  /** What becomes of a message that cannot be sent now. Returns whether it was moved to another provider. */
  async #keepBack(
    message: DispatchMessage,
    connection: Connection | undefined,
    moves: number,
  ): Promise<boolean> {
    if (this.#isExpired(message)) await this.#expire(message);
    else if (message.behindSince) await this.#waitForEarlier(message, message.behindSince);
    else {
      const isGone = !connection || connection.row.disconnectedAt !== null;
      const why = `Its provider was ${isGone ? "disconnected" : "switched off"}.`;
      if (await this.#moveOn(message, moves, why)) return true;
      if (isGone) await this.#fail(message, "its provider was disconnected");
      else {
        this.#leaveAlone(message);
        await this.#postpone(message, pausedRetryMs);
      }
    }
    return false;
  }

  /**
   * Another message to the same recipient goes first, and wakes this one afterwards (see `wakeFollowers`). If
   * that happened meanwhile, it did not find this job yet, so the job starts at once.
   */
  async #waitForEarlier(message: DispatchMessage, since: Date): Promise<void> {
    const waitedMs = this.#now().getTime() - since.getTime();
    await this.#postpone(message, Math.min(Math.max(waitedMs / 4, earlierRetryMs.min), earlierRetryMs.max));
    const now = await readForDispatch(this.#options.database, message.id);
    if (now && !now.behindSince) await rescheduleNow(this.#options.database, [dispatchKey(message.id)]);
  }

  /**
   * Skips the lane for a moment: thousands of jobs that cannot run now would keep the worker from the others.
   */
  #leaveAlone({ providerId, routed }: DispatchMessage): void {
    if (routed) this.#options.lanes.close(providerId, stuckMs);
    else this.#options.lanes.closeForFixed(providerId, stuckMs);
  }

  /** Moves the message to another provider, if there is one; returns whether it did. */
  async #moveOn(message: DispatchMessage, moves: number, why: string): Promise<boolean> {
    if (moves >= maxMoves) return false;
    return (await this.#options.failover.moveOn([message], why)).has(message.id);
  }

  /** Waits for its turn where the lane is full; before a longer wait it returns the job to the queue. */
  async #claimAndSubmit(message: DispatchMessage, connection: Connection, moves: number): Promise<void> {
    const { id, providerId, routed } = message;
    const { lanes } = this.#options;
    const staleAt = performance.now() + staleMs;
    for (;;) {
      const claim = await this.#claims.add(message);
      if (claim.kind === "lost") return;
      if (claim.kind === "expired") return this.#expire(message);
      if (claim.kind === "changed") return this.#dispatch(id, moves);
      if (claim.kind === "claimed") {
        const { startedAt } = claim;
        const span = jobSpan("dispatch", {
          "messaging.message.id": id,
          "smsgraph.attempt": message.attempts + 1,
        });
        return tracedFor(message.trace, span, () => this.#submit(message, connection, startedAt));
      }
      if (claim.isDistrusted && routed) {
        const why = `${connection.row.name} takes no messages at present.`;
        if (await this.#moveOn(message, moves, why)) return this.#dispatch(id, moves + 1);
        lanes.close(providerId, Math.min(claim.retryAfterMs, stuckMs));
      } else if (claim.isDistrusted) lanes.closeForFixed(providerId, claim.retryAfterMs);
      else lanes.close(providerId, claim.retryAfterMs);
      if (claim.retryAfterMs > maxTurnMs) return this.#postpone(message, claim.retryAfterMs);
      await setTimeout(claim.retryAfterMs);
      // Its validity period may have ended meanwhile, or its provider may have been switched off.
      if (performance.now() > staleAt) return this.#dispatch(id, moves);
    }
  }

  async #submit(message: DispatchMessage, connection: Connection, startedAt: Date): Promise<void> {
    const writtenAt = performance.now();
    const callbackUrl = this.#options.connections.callbackUrl(connection);
    const submission = toSubmission(message, callbackUrl, startedAt);
    const [outcome] = await tracedSubmission(connection.adapter.kind, [message], async () => [
      await connection.client.submit(submission),
    ]);
    const seconds = (performance.now() - writtenAt) / 1000;
    this.#options.onOutcome?.(connection.adapter.kind, outcome.kind, seconds);
    await this.#options.outcomes.record({
      message,
      attempt: message.attempts + 1,
      outcome,
      startedAt,
      finishedAt: this.#now(),
    });
  }

  /**
   * Sets messages to SUBMITTING with an attempt row, committed before the request, where their lane admits
   * them.
   */
  #claim(given: DispatchMessage[]): Promise<AttemptClaim[]> {
    const startedAt = this.#now();
    const messages = given.filter(({ validUntil }) => validUntil === null || validUntil > startedAt);
    return this.#options.database.transaction(async (transaction) => {
      // Messages before lanes, as where outcomes are stored and campaigns claim.
      const [{ suppressed, changed }, { admitted, waiting }] = await Promise.all([
        lockToClaim(transaction, messages),
        admitMessages(transaction, messages, startedAt),
      ]);
      const unwanted = messages.filter(({ id }) => suppressed.has(id) && !changed.has(id));
      if (unwanted.length > 0) await cancelSuppressed(transaction, unwanted, startedAt);
      const wanted = admitted.filter(({ id }) => !suppressed.has(id) && !changed.has(id));
      const changes = wanted.flatMap((message) => this.#claimChanges(message, startedAt));
      const outcomes = await applyChanges(transaction, changes);
      const claimed = new Set(
        outcomes.flatMap(({ kind, change: { status, messageId } }) =>
          kind === "taken" && status === "SUBMITTING" ? [messageId] : [],
        ),
      );
      await startAttempts(
        transaction,
        wanted.filter(({ id }) => claimed.has(id)),
        startedAt,
      );
      return given.map(({ id, validUntil }): AttemptClaim => {
        if (changed.has(id)) return { kind: "changed" };
        if (validUntil !== null && validUntil <= startedAt) return { kind: "expired" };
        const wait = waiting.get(id);
        if (wait) return { kind: "wait", ...wait };
        return claimed.has(id) ? { kind: "claimed", startedAt } : { kind: "lost" };
      });
    });
  }

  #claimChanges({ id: messageId, providerId, status }: DispatchMessage, receivedAt: Date): StatusChange[] {
    const due = {
      messageId,
      providerId,
      status: "QUEUED",
      source: "DISPATCH",
      receivedAt,
      onlyFrom: ["SCHEDULED"],
    } as const;
    const claim = {
      messageId,
      providerId,
      status: "SUBMITTING",
      source: "DISPATCH",
      receivedAt,
      onlyFrom: ["QUEUED"],
    } as const;
    return status === "SCHEDULED" ? [due, claim] : [claim];
  }

  /**
   * A worker died while it was sending this message: its request may have been written. The attempt ends even
   * if a receipt has already moved the message on; otherwise it would occupy its place in the lane for ever.
   */
  async #abandon(id: string, readAt: Date): Promise<void> {
    await singleOutClaimOf(this.#options.database, id, readAt);
    const message = await readForDispatch(this.#options.database, id);
    if (!message?.hasOpenAttempt) return;
    const finishedAt = this.#now();
    const outcome = {
      kind: "ambiguous",
      reason: "the process that was sending it ended before the answer",
    } as const;
    await this.#options.outcomes.record({
      message,
      attempt: message.attempts,
      outcome,
      startedAt: undefined,
      finishedAt,
    });
  }

  async #expire(message: DispatchMessage): Promise<void> {
    const text = "The validity period ended before the message could be sent.";
    const failure = { code: "expired", text, permanent: true } as const;
    await this.#endAlike(message, { status: "EXPIRED", failure }, true);
  }

  async #fail(message: DispatchMessage, reason: string): Promise<void> {
    const text = `The message could not be sent: ${reason}.`;
    const failure = { code: "provider_unavailable", text, permanent: false } as const;
    await this.#endAlike(message, { status: "FAILED", failure }, false);
  }

  /** Ends the message and those behind it that end for the same reason. Their jobs are not needed any more. */
  async #endAlike(
    message: DispatchMessage,
    change: Pick<StatusChange, "status" | "failure">,
    isExpired: boolean,
  ): Promise<void> {
    const { database } = this.#options;
    const { providerId } = message;
    const key = `${providerId} ${change.status}`;
    const running = this.#ending.get(key);
    if (running) {
      // It most likely ends this one, too.
      await running.catch(() => undefined);
      return this.#dispatch(message.id, 0);
    }
    const receivedAt = this.#now();
    const ending = (async () => {
      const startedAt = performance.now();
      const others = await findAlike(database, message, receivedAt, isExpired);
      const base = { providerId, source: "DISPATCH", receivedAt, ...change } as const;
      const changes = [message.id, ...others].map((messageId): StatusChange => ({
        ...base,
        messageId,
        onlyFrom: ["QUEUED", "SCHEDULED"],
      }));
      await database.transaction((transaction) => applyChanges(transaction, changes));
      await removeJobs(database, others.map(dispatchKey));
      // The database belongs to everybody else for as long as it took.
      if (others.length > 0) await setTimeout(performance.now() - startedAt);
    })();
    this.#ending.set(key, ending);
    try {
      await ending;
    } finally {
      this.#ending.delete(key);
    }
  }

  /** Messages of a provider that is disabled or in trouble stay queued. */
  async #postpone(message: DispatchMessage, delayMs: number): Promise<void> {
    await addJobs(this.#options.database, [dispatchJob(message, { delayMs })]);
  }

  #now(): Date {
    return this.#options.clock.now();
  }
}
