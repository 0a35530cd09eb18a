import {
  Logger as JobLogger,
  run,
  type JobHelpers,
  type Runner,
  type TaskList,
  type WorkerEvents,
} from "graphile-worker";
import { deleteAccounts } from "../accounts/delete-account.ts";
import { countStoredMessages } from "../accounts/quotas.ts";
import { forgetUsedValues } from "../campaigns/intake/forget-values.ts";
import { rewriteCampaign } from "../campaigns/intake/rewrite.ts";
import { removeDeadImports } from "../campaigns/intake/imports.ts";
import { claimDueBalances } from "../connections/balance-rounds.ts";
import type { Connection } from "../connections/connections.ts";
import { refreshBalance, type BalanceWatch } from "../connections/refresh-balance.ts";
import { claimDueInbound } from "../connections/inbound-rounds.ts";
import { confirmOptOut } from "../messages/inbound/confirm.ts";
import { readInbound } from "../messages/inbound/read-inbound.ts";
import type { MessageSender } from "../messages/accept/send.ts";
import { claimDueDrains } from "../connections/drain-rounds.ts";
import { abandonDeadClaims } from "../campaigns/sending/dead-claims.ts";
import { expandCampaign } from "../campaigns/sending/expand.ts";
import { accountOf, cancelMessagesOf } from "../campaigns/life-cycle.ts";
import { tendCampaigns } from "../campaigns/housekeeping.ts";
import { planningAnew, type Database } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import { advanceRetentionClock } from "../database/retention-clock.ts";
import type { Logger } from "../lib/logger.ts";
import { queueDueChecks } from "../messages/receipts/checks.ts";
import {
  clearOldAttempts,
  forgetOldMessages,
  type MessageRetention,
} from "../messages/changes/forget-messages.ts";
import { forgetAudit } from "../audit/forget.ts";
import { clearOldEvents } from "../messages/log/retention.ts";
import { foldStatistics, forgetStatistics } from "../messages/statistics/fold.ts";
import type { ClosedLanes } from "../lanes/closed-lanes.ts";
import type { Dispatcher } from "../messages/dispatch/dispatch.ts";
import { payloadSchemas, type Payload, type Task } from "../queue/contract.ts";
import { jobSpan } from "../queue/job-span.ts";
import { addJobs, hasSuccessor, type NewJob } from "../queue/jobs.ts";
import type { Outcomes } from "../messages/dispatch/outcomes.ts";
import type { OverdueWatch } from "../messages/receipts/overdue.ts";
import { lookUpMessages, type LookUpOptions } from "../messages/receipts/look-up.ts";
import { reconcileMessages } from "../messages/receipts/reconcile.ts";
import { sweepParkedInbound } from "../messages/inbound/parked-inbound.ts";
import { sweepParked } from "../messages/receipts/parked.ts";
import { refreshRates } from "../pricing/rates/fetch-rates.ts";
import type { RoutingTables } from "../pricing/routing/routing-tables.ts";
import type { RateBooks } from "../pricing/rates/rate-book.ts";
import { claimDueRates } from "../pricing/rates/missing-rates.ts";
import { forgetOld } from "./forget.ts";
import { releaseJobsOfTheDead } from "../queue/dead-workers.ts";
import { reviveJobs } from "../queue/revive.ts";
import { startRounds, type Round } from "./rounds.ts";
import { keepRunning } from "./runner.ts";
import { tracedFromOutside } from "../tracing/tracing.ts";
import { wakeIdle } from "./wake-idle.ts";
import type { WorkerPlaces } from "../lanes/provider-places.ts";

interface WorkerOptions extends LookUpOptions, BalanceWatch {
  database: Database;
  listener: Listener;
  dispatcher: Dispatcher;
  outcomes: Outcomes;
  rateBooks: RateBooks;
  routingTables: RoutingTables;
  sender: MessageSender;
  lanes: ClosedLanes;
  places: Pick<WorkerPlaces, "asking" | "ofCampaigns">;
  /** Takes the receipts that a provider hands out only once (see `src/callbacks/drain.ts`). */
  drainReceipts: (providerId: string) => Promise<void>;
  /** How many days events are kept. */
  eventRetentionDays: number;
  /** Undefined: for ever. */
  auditRetentionDays: number | undefined;
  retention: MessageRetention;
  /** Whether there is a limit for stored messages. */
  countsStorage: boolean;
  overdue: OverdueWatch;
  /** Concurrent jobs in this process. */
  concurrency: number;
  onJobFailed?: (task: string) => void;
}

interface Worker {
  /** Stops taking jobs and waits for the running ones. */
  stop(): Promise<void>;
}

type Run<Name extends Task> = (payload: Payload<Name>, helpers: JobHelpers) => Promise<void>;
/** Tasks in which a provider is asked, and which have nothing but the provider to know. */
type AskingTask = "drain-receipts" | "read-inbound" | "refresh-balance" | "refresh-rates";
type Tasks = { [Name in Task]: Run<Name> };

const tasksOf = (options: WorkerOptions): Tasks => ({
  dispatch: async ({ messageId }, { job }) => {
    const isOver = job.attempts > 1 && (await hasSuccessor(options.database, messageId, job.id));
    if (!isOver) await options.dispatcher.dispatch(messageId);
  },
  "look-up": (payload) => lookUpMessages(options, payload),
  reconcile: (ids, { job }) => reconcileMessages(options, ids, { isRepeated: job.attempts > 1 }),
  "drain-receipts": asking(options, "drain-receipts", ({ row }) => options.drainReceipts(row.id)),
  "read-inbound": asking(options, "read-inbound", ({ row }) => readInbound(options, row.id)),
  "confirm-opt-out": ({ messageId }) => confirmOptOut(options, messageId),
  "expand-campaign": onCampaign(options, "expand-campaign", expandCampaign),
  "rewrite-campaign": onCampaign(options, "rewrite-campaign", rewriteCampaign),
  "cancel-campaign": onCampaign(options, "cancel-campaign", cancelMessagesOf),
  "refresh-balance": asking(options, "refresh-balance", (connection) => refreshBalance(options, connection)),
  "refresh-rates": asking(options, "refresh-rates", (connection) => refreshRates(options, connection)),
});

type CampaignTask = "expand-campaign" | "rewrite-campaign" | "cancel-campaign";

/** Work on all messages of a campaign, in a share of the places. Without one it goes back into the queue. */
function onCampaign(
  options: WorkerOptions,
  task: CampaignTask,
  work: (options: WorkerOptions, campaignId: string) => Promise<void>,
): (payload: { campaignId: string }) => Promise<void> {
  const { database, places } = options;
  return async ({ campaignId }) => {
    const accountId = await accountOf(database, campaignId);
    if (accountId === undefined) return;
    if (places.ofCampaigns.left(accountId, true) <= 0) {
      const key = `${task} ${campaignId}`;
      return addJobs(database, [{ task, payload: { campaignId }, key, delayMs: noPlaceMs }]);
    }
    places.ofCampaigns.take(accountId, true, 1);
    try {
      await work(options, campaignId);
    } finally {
      places.ofCampaigns.take(accountId, true, -1);
    }
  };
}

/** How soon a job looks again whether its provider, or its account, has a place. */
const noPlaceMs = 1_000;

/** A job that asks a provider something. Without a place it goes back into the queue. */
function asking(
  { connections, places, database }: WorkerOptions,
  task: AskingTask,
  ask: (connection: Connection) => Promise<unknown>,
): (payload: { providerId: string }) => Promise<void> {
  return async ({ providerId }) => {
    const connection = await connections.get(providerId);
    if (!connection) return;
    const owner = { accountId: connection.row.accountId, providerId };
    const hasPlace = await places.asking.hold(owner, () =>
      ask(connection).catch(async (error: unknown) => {
        // Its account was deleted meanwhile: there is nothing to store any more.
        if (await database.prisma.provider.findUnique({ where: { id: providerId } })) throw error;
      }),
    );
    if (!hasPlace) await addJobs(database, [{ ...askingJob(task, providerId), delayMs: noPlaceMs }]);
  };
}

/** @throws ZodError in a job whose payload is not the one of its task */
const checked =
  <Name extends Task>(name: Name, runTask: Run<Name>): TaskList[string] =>
  (payload, helpers) => {
    const work = (): Promise<void> => runTask(payloadSchemas[name].parse(payload) as Payload<Name>, helpers);
    return tracedApart.has(name) ? work() : tracedFromOutside(jobSpan(name), undefined, work);
  };

/** Jobs that are seen in the trace of their message or campaign. The others begin a trace of their own. */
const tracedApart: ReadonlySet<Task> = new Set(["dispatch", "expand-campaign"]);

const taskListOf = (tasks: Tasks): TaskList =>
  Object.fromEntries(
    Object.entries(tasks).map(([name, runTask]) => [name, checked(name as Task, runTask as Run<Task>)]),
  );

/** Runs the jobs of the queue and the rounds that look for due work. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { database, listener, logger } = options;
  await releaseJobsOfTheDead(database, logger);
  const runner = await keepRunning({ launch: (events) => launch(options, events), listener, logger });
  // What is looked for is not there most of the time, and then there is much of it at once.
  const rounds = startRounds(logger, roundsOf({ ...options, database: planningAnew(database) }));
  return {
    async stop() {
      options.connections.stopReading();
      await rounds.stop();
      await runner.stop();
    },
  };
}

function roundsOf(options: WorkerOptions): Round[] {
  const { database, logger, eventRetentionDays, auditRetentionDays, retention } = options;
  return [
    {
      name: "queue due checks",
      everyMs: 1_000,
      run: () => queueDueChecks(database, options.clock, options.overdue),
    },
    { name: "sweep parked receipts", everyMs: 2_000, run: () => sweepParked(database) },
    { name: "sweep parked answers", everyMs: 2_000, run: () => sweepParkedInbound(database) },
    {
      name: "queue due balances",
      everyMs: 5_000,
      run: () => queueDue(options, "refresh-balance", claimDueBalances),
    },
    { name: "tend campaigns", everyMs: 1_000, run: () => tendCampaigns(options) },
    { name: "fold statistics", everyMs: 5_000, run: () => foldStatistics(database) },
    { name: "forget fine statistics", everyMs: 15 * 60_000, run: () => forgetStatistics(database) },
    {
      name: "forget values of campaigns that began",
      everyMs: 5_000,
      run: (stopping) => forgetUsedValues(database, stopping),
    },
    { name: "abandon claims of dead workers", everyMs: 5_000, run: () => abandonDeadClaims(options) },
    { name: "queue due rates", everyMs: 5_000, run: () => queueDue(options, "refresh-rates", claimDueRates) },
    {
      name: "remove dead campaign imports",
      everyMs: 30_000,
      run: () => removeDeadImports(database),
    },
    { name: "advance the retention clock", everyMs: 60_000, run: () => advanceClock(options) },
    {
      name: "forget what is old",
      everyMs: 60_000,
      run: (stopping) => forgetOld(database, retention, stopping),
    },
    {
      name: "clear old events away",
      everyMs: 60_000,
      run: (stopping) => clearOldEvents(database, eventRetentionDays, stopping),
    },
    {
      name: "clear old attempts away",
      everyMs: 60_000,
      run: (stopping) => clearOldAttempts(database, eventRetentionDays, stopping),
    },
    {
      name: "forget old audit entries",
      everyMs: 15 * 60_000,
      run: async (stopping) => {
        if (auditRetentionDays !== undefined) await forgetAudit(database, auditRetentionDays, stopping);
      },
    },
    {
      name: "forget old messages",
      everyMs: 15 * 60_000,
      run: (stopping) => forgetOldMessages(database, retention, stopping),
    },
    ...(options.countsStorage
      ? [{ name: "count stored messages", everyMs: 60_000, run: () => countStoredMessages(database) }]
      : []),
    {
      name: "queue readings of inbound messages",
      everyMs: 5_000,
      run: () => queueDue(options, "read-inbound", claimDueInbound),
    },
    { name: "delete accounts", everyMs: 2_000, run: (stopping) => deleteAccounts(database, stopping) },
    { name: "queue drains", everyMs: 2_000, run: () => queueDue(options, "drain-receipts", claimDueDrains) },
    { name: "revive jobs", everyMs: 30_000, run: () => reviveJobs(database, logger) },
    {
      name: "release jobs of dead workers",
      everyMs: 5_000,
      run: () => releaseJobsOfTheDead(database, logger),
    },
  ];
}

/** A longer delay than any round can cause. */
const behindSeconds = 3_600;

async function advanceClock({ database, logger }: WorkerOptions): Promise<void> {
  const behind = (await advanceRetentionClock(database)) ?? 0;
  if (behind < behindSeconds) return;
  logger.warn(
    { behindSeconds: Math.round(behind) },
    "the database's clock has jumped, or no worker has run for a while: what is old is cleared away later",
  );
}

/** A job that asks a provider something. The key keeps a single one per provider, however many workers queue it. */
const askingJob = (task: AskingTask, providerId: string): NewJob => ({
  task,
  payload: { providerId },
  key: `${task} ${providerId}`,
});

/** Queues a job for each provider for which `claim` says that its time has come. */
async function queueDue(
  { database, clock }: WorkerOptions,
  task: AskingTask,
  claim: (database: Database, now: Date) => Promise<string[]>,
): Promise<void> {
  const due = await claim(database, clock.now());
  await addJobs(
    database,
    due.map((providerId) => askingJob(task, providerId)),
  );
}

function launch(options: WorkerOptions, events: WorkerEvents): Promise<Runner> {
  const { database, concurrency, logger } = options;
  events.on("job:error", ({ job, error }) => {
    options.onJobFailed?.(job.task_identifier);
    logger.error({ error, task: job.task_identifier, jobId: job.id }, "a job failed and will be tried again");
  });
  wakeIdle(events, () => options.lanes.flags() !== null);
  return run({
    pgPool: database.pool,
    taskList: taskListOf(tasksOf(options)),
    events,
    noHandleSignals: true,
    forbiddenFlags: () => options.lanes.flags(),
    logger: jobLogger(logger),
    preset: {
      worker: {
        // Some more than there are places: a job that finds none must be looked at to be seen to wait.
        concurrentJobs: concurrency + Math.floor(concurrency / 5),
        pollInterval: 1000,
        // What was fetched and is left out since then goes back, so that another worker may take it.
        localQueue: { size: concurrency * 2, ttl: 1_000 },
        // Jobs that end at the same time are recorded in one statement.
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
}

/** Logs the queue's own lines one level lower: its `info` is our `debug`. */
function jobLogger(logger: Logger): JobLogger {
  return new JobLogger(() => (level, message, about) => {
    // It warns of more jobs than connections. Ours hold one for a statement at a time, and wait for each other.
    if (about?.max !== undefined) logger.debug({ queue: message }, "job queue");
    else if (level === "error") logger.error({ queue: message }, "job queue");
    else if (level === "warning") logger.warn({ queue: message }, "job queue");
    else logger.debug({ queue: message }, "job queue");
  });
}
