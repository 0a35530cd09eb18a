import { Batcher } from "../../lib/batcher.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { insist } from "../../database/retry-write.ts";
import type { Logger } from "../../lib/logger.ts";
import { faultOf } from "../../providers/failure-codes.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import { acceptMessages, type Acceptance } from "../changes/bulk-transition.ts";
import { finishAttempts, singleOutClaim, type Lateness } from "./attempts.ts";
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

/** A request for many messages. */
type BulkRequest = Pick<Acceptance, "claim" | "kind">;

/** Stores how attempts ended, and what follows from it. */
export class Outcomes {
  readonly #options: OutcomesOptions;
  readonly #batches: Batcher<Finished, undefined>;

  constructor(options: OutcomesOptions) {
    this.#options = options;
    this.#batches = new Batcher(async (finished) => {
      await this.#store(finished);
      return finished.map(() => undefined);
    }, maxBatchSize);
  }

  /** Records one outcome, batched with others that end at the same time. */
  record(finished: Finished): Promise<void> {
    return this.#patiently(() => this.#batches.add(finished));
  }

  /** Records the outcomes of one request, in one transaction. */
  recordAll(finished: readonly Finished[], request: BulkRequest): Promise<void> {
    return this.#patiently(() => this.#store(finished, request));
  }

  /** A provider's answer must not be lost because the database was away for a moment. */
  #patiently(store: () => Promise<void>): Promise<void> {
    return insist(store, (error) =>
      this.#options.logger.warn({ error }, "could not store how attempts ended, trying again"),
    );
  }

  async #store(finished: readonly Finished[], request?: BulkRequest): Promise<void> {
    const next = await this.#options.failover.after(finished);
    await this.#options.database.transaction(async (transaction) => {
      const { news, others, isLesson } = await this.#end(transaction, finished, request);
      if (others.length > 0) await this.#follow(transaction, others, next);
      await matchParked(transaction, news);
      await wakeFollowers(transaction, finished);
      if (isLesson) await recordSignals(transaction, news.flatMap(toSignals), this.#options.clock.now());
    });
  }

  /**
   * `news`: attempts that had not ended before; `others`: those of them that need more work; `isLesson`:
   * whether they tell the lanes something.
   */
  async #end(
    transaction: Queryable,
    finished: readonly Finished[],
    request: BulkRequest | undefined,
  ): Promise<{ news: readonly Finished[]; others: readonly (Finished & Lateness)[]; isLesson: boolean }> {
    const acceptance = request && acceptanceOf(finished, request);
    const accepted = acceptance && (await acceptMessages(transaction, acceptance));
    if (accepted?.kind === "accepted") {
      const { settled, isWatched } = accepted;
      const others = finished.filter(({ message }) => !settled.has(message.id));
      return {
        news: finished,
        others: others.map((one) => ({ ...one, isLate: false })),
        isLesson: isWatched,
      };
    }
    if (request) await singleOutClaim(transaction, request.claim);
    const news = await finishAttempts(transaction, finished);
    return { news, others: news, isLesson: true };
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
      return retry && outcome?.kind === "taken" && outcome.applied ? [retry] : [];
    });
    await addJobs(transaction, retries);
    const waiting = finished.filter(
      ({ message: { id }, outcome }) => outcome.kind === "retryable" || next.has(id),
    );
    await cancelStragglers(transaction, waiting, this.#options.clock.now());
  }
}

/** The usual end of a request for many: all were accepted. Undefined when one was not. */
function acceptanceOf(finished: readonly Finished[], request: BulkRequest): Acceptance | undefined {
  const [first] = finished;
  const attempts = finished.flatMap(({ message: { id }, attempt: number, outcome }) =>
    outcome.kind === "accepted" ? [{ ...outcome, id, number }] : [],
  );
  if (!first || attempts.length < finished.length) return undefined;
  const { finishedAt: at, message } = first;
  return { ...request, providerId: message.providerId, at, attempts };
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
