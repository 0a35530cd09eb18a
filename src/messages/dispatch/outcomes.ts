import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { insist } from "../../database/retry-write.ts";
import type { Logger } from "../../lib/logger.ts";
import { faultOf } from "../../providers/failure-codes.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import { forgetReasonsOf, type Lateness } from "./attempts.ts";
import { divide, endEach, endSingly, endTogether, type BulkRequest, type Ending } from "./end-attempts.ts";
import { recordSignals, type AttemptSignal } from "../../lanes/breaker.ts";
import { consequencesOf, type Finished } from "./after-attempt.ts";
import type { Failover, NextRoute } from "./failover.ts";
import { addJobs, dispatchKey, rescheduleNow } from "../../queue/jobs.ts";
import { matchParkedOf } from "../receipts/parked.ts";
import { cancellable } from "../model/status.ts";
import { applyChanges } from "../changes/transition.ts";

interface OutcomesOptions {
  database: Database;
  clock: Clock;
  logger: Logger;
  random: () => number;
  failover: Failover;
}

const maxBatchSize = 200;

type End = (transaction: Queryable, finished: readonly Finished[]) => Promise<Ending>;

/** Stores how attempts ended, and what follows from it. */
export class Outcomes {
  readonly #options: OutcomesOptions;
  readonly #batches: Batcher<Finished, undefined>;

  constructor(options: OutcomesOptions) {
    this.#options = options;
    this.#batches = new Batcher(async (finished) => {
      await this.#storeBatch(finished);
      return finished.map(() => undefined);
    }, maxBatchSize);
  }

  /** Records one outcome, batched with others that end at the same time. */
  record(finished: Finished): Promise<void> {
    return this.#patiently(() => this.#batches.add(finished));
  }

  /** Records the outcomes of one request, in one transaction. */
  recordAll(finished: readonly Finished[], request: BulkRequest): Promise<void> {
    return this.#patiently(async () => {
      await this.#store(finished, (transaction, all) => endTogether(transaction, all, request));
    });
  }

  /** A provider's answer must not be lost because the database was away for a moment. */
  #patiently(store: () => Promise<void>): Promise<void> {
    return insist(store, (error) =>
      this.#options.logger.warn({ error }, "could not store how attempts ended, trying again"),
    );
  }

  /** Each group locks its messages in the order of their ids, so each has a transaction of its own. */
  async #storeBatch(finished: readonly Finished[]): Promise<void> {
    const { plain, others } = divide(finished);
    for (const group of plain) {
      const ended = await this.#store(group, endSingly);
      others.push(...group.filter((one) => !ended.has(one)));
    }
    if (others.length > 0) await this.#store(others, endEach);
  }

  /** Returns those that had not ended before. */
  async #store(finished: readonly Finished[], end: End): Promise<ReadonlySet<Finished>> {
    const next = await this.#options.failover.after(finished);
    return this.#options.database.transaction(async (transaction) => {
      const { news, others, isLesson } = await end(transaction, finished);
      if (others.length > 0) await this.#follow(transaction, others, next);
      await matchParked(transaction, news);
      await wakeFollowers(transaction, finished);
      if (isLesson) await recordSignals(transaction, news.flatMap(toSignals), this.#options.clock.now());
      return new Set(news);
    });
  }

  /** Handles the outcomes one by one. */
  async #follow(
    transaction: Queryable,
    finished: readonly (Finished & Lateness)[],
    next: ReadonlyMap<string, NextRoute>,
  ): Promise<void> {
    const planned = finished.map((one) =>
      consequencesOf(one, this.#options.random, next.get(one.message.id)),
    );
    const outcomes = await applyChanges(transaction, [
      ...planned.map(({ change }) => change),
      ...planned.flatMap(({ otherwise }) => otherwise ?? []),
    ]);
    const retries = planned.flatMap(({ retry }, index) => {
      const outcome = outcomes[index];
      return retry && outcome?.kind === "taken" && outcome.applied && outcome.status === "QUEUED"
        ? [retry]
        : [];
    });
    // The messages are locked by now, so an erasure either was before this or sees what this has written.
    await forgetReasonsOf(
      transaction,
      outcomes.flatMap(({ isErased, change }) => (isErased ? [change.messageId] : [])),
    );
    await addJobs(transaction, retries);
    const waiting = finished.filter(
      ({ message: { id }, outcome }) => outcome.kind === "retryable" || next.has(id),
    );
    await cancelStragglers(transaction, waiting, this.#options.clock.now());
  }
}

const lockCampaigns: Statement = {
  name: "lock_campaigns_of_stragglers",
  text: "select id, status from campaigns where id = any ($1::uuid[]) order by id for share",
};

/** A message that is queued again may belong to a campaign that was cancelled during the attempt. */
async function cancelStragglers(
  transaction: Queryable,
  waiting: readonly Finished[],
  receivedAt: Date,
): Promise<void> {
  const refused = waiting.filter(({ message }) => message.campaignId !== null);
  if (refused.length === 0) return;
  const ids = new Set(refused.map(({ message }) => message.campaignId));
  const campaigns = await transaction.query<{ id: string; status: string }>(lockCampaigns, [[...ids]]);
  const cancelled = new Set(campaigns.filter(({ status }) => status === "CANCELLED").map(({ id }) => id));
  const stragglers = refused.filter(({ message }) => cancelled.has(message.campaignId ?? ""));
  await applyChanges(
    transaction,
    stragglers.map(({ message }) => ({
      messageId: message.id,
      status: "CANCELLED",
      source: "API",
      receivedAt,
      onlyFrom: cancellable,
    })),
  );
}

const findFollowers: Statement = {
  name: "find_followers",
  text: "select id from messages where follows = any ($1::uuid[])",
};

/** Lets the messages run that follow these ones to the same recipient. */
async function wakeFollowers(transaction: Queryable, finished: readonly Finished[]): Promise<void> {
  const followed = finished.flatMap(({ message }) => (message.isFollowed ? [message.id] : []));
  if (followed.length === 0) return;
  const followers = await transaction.query<{ id: string }>(findFollowers, [followed]);
  await rescheduleNow(
    transaction,
    followers.map(({ id }) => dispatchKey(id)),
  );
}

async function matchParked(transaction: Queryable, finished: readonly Finished[]): Promise<void> {
  const accepted = finished.flatMap(({ message, outcome }) =>
    outcome.kind === "accepted" && outcome.providerMessageId !== undefined
      ? [{ providerId: message.providerId, providerMessageId: outcome.providerMessageId }]
      : [],
  );
  if (accepted.length > 0) await matchParkedOf(transaction, accepted);
}

/**
 * A refusal of one message also shows that the provider works. A worker that died says nothing about the
 * provider.
 */
const toSignals = ({ message, outcome, startedAt }: Finished): AttemptSignal[] => {
  if (startedAt === undefined) return [];
  const failed = outcome.kind === "ambiguous" || (outcome.kind === "retryable" && !outcome.noCredit);
  // Every message would be refused until someone corrects the connection.
  const failsForAll = outcome.kind === "rejected" && faultOf(outcome.failure.code) === "CONNECTION";
  const retryAfterSeconds = outcome.kind === "retryable" ? outcome.retryAfterSeconds : undefined;
  const shown = { startedAt, failed, failsForAll, retryAfterSeconds, ...creditShownBy(outcome) };
  return [{ providerId: message.providerId, ...shown }];
};

function creditShownBy(outcome: SubmitOutcome): Pick<AttemptSignal, "credit"> {
  if (outcome.kind === "accepted") return { credit: "some" };
  return outcome.kind === "retryable" && outcome.noCredit ? { credit: "none" } : {};
}
