import { createDrain } from "../callbacks/drain.ts";
import { CampaignPump } from "../campaigns/sending/pump.ts";
import { startWorker } from "../jobs/worker.ts";
import { ClosedLanes } from "../lanes/closed-lanes.ts";
import type { Stops } from "../lib/shutdown.ts";
import { Dispatcher } from "../messages/dispatch/dispatch.ts";
import { Failover } from "../messages/dispatch/failover.ts";
import { Outcomes } from "../messages/dispatch/outcomes.ts";
import type { Parts } from "./parts.ts";

/** Starts what sends messages and does the regular work. */
export async function startJobs(parts: Parts, doors: Stops): Promise<void> {
  const { options, services, metrics, listener } = parts;
  const { logger } = options;
  const { database, connections, clock, rateBooks, onLowBalance } = services;
  const lanes = new ClosedLanes();
  const { dispatcher, pump, outcomes } = wireSending(parts, lanes);
  const worker = await startWorker({
    database,
    listener,
    connections,
    clock,
    logger,
    dispatcher,
    outcomes,
    rateBooks,
    onLowBalance,
    lanes,
    drainReceipts: createDrain({ database, connections, clock, logger }),
    eventRetentionDays: options.eventRetentionDays,
    retention: options.retention ?? {},
    concurrency: options.workerConcurrency,
    onJobFailed: (task) => metrics.failedJobs.inc({ task }),
  });
  doors.push(() => worker.stop());
  await pump.start();
  doors.push(() => pump.stop());
}

function wireSending(
  { options, services, metrics, listener }: Parts,
  lanes: ClosedLanes,
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
    dispatcher: new Dispatcher({ ...sending, lanes }),
    pump: new CampaignPump({ ...sending, listener, logger }),
    outcomes,
  };
}
