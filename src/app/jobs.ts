import { createDrain } from "../callbacks/drain.ts";
import { KeptBodies } from "../callbacks/kept-bodies.ts";
import { CampaignPump } from "../campaigns/sending/pump.ts";
import { startWorker } from "../jobs/worker.ts";
import { ClosedLanes } from "../lanes/closed-lanes.ts";
import { createWorkerPlaces, type WorkerPlaces } from "../lanes/provider-places.ts";
import type { Stops } from "../lib/shutdown.ts";
import { Dispatcher } from "../messages/dispatch/dispatch.ts";
import { Failover } from "../messages/dispatch/failover.ts";
import { Outcomes } from "../messages/dispatch/outcomes.ts";
import { createSecretBox } from "../connections/secret-box.ts";
import { defaultWebhookLimits } from "../webhooks/limits.ts";
import { reportDelaysMs, startReports, type ReportWorkerOptions } from "../compat/reports/worker.ts";
import { startWebhooks, type WebhookWorkerOptions } from "../webhooks/worker.ts";
import { notePushed } from "../messages/log/pushed-spans.ts";
import type { Parts } from "./parts.ts";

/** Starts what sends messages and does the regular work. */
export async function startJobs(parts: Parts, doors: Stops): Promise<void> {
  const { options, services, metrics, listener } = parts;
  const { logger } = options;
  const { database, connections, clock, rateBooks, routingTables, sender, onLowBalance, expectations } =
    services;
  const lanes = new ClosedLanes();
  const places = createWorkerPlaces(options.workerConcurrency);
  const { dispatcher, pump, outcomes } = wireSending(parts, lanes, places);
  const worker = await startWorker({
    database,
    listener,
    connections,
    clock,
    logger,
    dispatcher,
    outcomes,
    rateBooks,
    routingTables,
    sender,
    onLowBalance,
    lanes,
    places,
    drainReceipts: createDrain({ database, connections, clock, logger, kept: new KeptBodies() }),
    eventRetentionDays: options.eventRetentionDays,
    auditRetentionDays: options.auditRetentionDays,
    retention: options.retention ?? {},
    countsStorage: options.quotas?.STORED_MESSAGES !== undefined,
    overdue: { expectations, onOverdue: (provider) => metrics.overdueMessages.inc({ provider }) },
    concurrency: options.workerConcurrency,
    onJobFailed: (task) => metrics.failedJobs.inc({ task }),
  });
  doors.push(() => worker.stop());
  const relay = parts.liveTier?.relay({
    database,
    databaseUrl: options.databaseUrl,
    listener,
    logger,
    onPublished: (events) => metrics.relayedEvents.inc(events),
  });
  await relay?.start();
  doors.push(async () => relay?.stop());
  await pump.start();
  doors.push(() => pump.stop());
  const webhooks = await startWebhooks(webhookOptions(parts));
  doors.push(() => webhooks.stop());
  const reports = await startReports(reportOptions(parts));
  doors.push(() => reports.stop());
}

function reportOptions({ options, services, listener }: Parts): ReportWorkerOptions {
  const { logger, random = Math.random, allowPrivateWebhooks, webhookLimits } = options;
  const { database, clock } = services;
  const { timeoutMs, maxConcurrent } = { ...defaultWebhookLimits, ...webhookLimits };
  return {
    database,
    listener,
    clock,
    logger,
    random,
    publicOnly: !allowPrivateWebhooks,
    timeoutMs,
    maxConcurrent,
    retryDelaysMs: webhookLimits?.retryDelaysMs ?? reportDelaysMs,
    keptDays: options.eventRetentionDays,
  };
}

function webhookOptions({ options, services, metrics, listener }: Parts): WebhookWorkerOptions {
  const { logger, random = Math.random, allowPrivateWebhooks, webhookLimits } = options;
  const { database, feed, clock } = services;
  return {
    database,
    listener,
    feed,
    clock,
    logger,
    random,
    box: createSecretBox(options.secretKey, options.otherSecretKeys),
    // The API has opened it already.
    openFeed: () => (options.runsApi ? Promise.resolve() : feed.open(listener)),
    publicOnly: !allowPrivateWebhooks,
    limits: { ...defaultWebhookLimits, ...webhookLimits },
    onAttempt: (outcome, events) => {
      metrics.webhookRequests.inc({ outcome });
      const now = clock.now().getTime();
      for (const { receivedAt } of events)
        metrics.webhookLag.observe(Math.max(0, now - receivedAt.getTime()) / 1000);
      notePushed(database, events, "webhooks");
    },
    onDisabled: () => metrics.disabledWebhooks.inc(),
  };
}

function wireSending(
  { options, services, metrics, listener }: Parts,
  lanes: ClosedLanes,
  places: WorkerPlaces,
): { dispatcher: Dispatcher; pump: CampaignPump; outcomes: Outcomes } {
  const { logger, random = Math.random } = options;
  const { database, connections, routingTables, clock } = services;
  const failover = new Failover({ database, routingTables, clock });
  const outcomes = new Outcomes({ database, clock, logger, random, failover });
  const onOutcome = (provider: string, outcome: string, elapsed: number, messages = 1): void => {
    metrics.submissions.observe({ provider, outcome }, elapsed);
    metrics.submittedMessages.inc({ provider, outcome }, messages);
  };
  const sending = { database, connections, clock, outcomes, failover, onOutcome };
  return {
    dispatcher: new Dispatcher({ ...sending, lanes, places: places.sending, unsent: places.unsent }),
    pump: new CampaignPump({ ...sending, listener, logger }),
    outcomes,
  };
}
