import { EventEmitter } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Runner, WorkerEvents } from "graphile-worker";
import type { Listener } from "../database/listener.ts";
import type { Logger } from "../lib/logger.ts";
import { workerLockSpaces } from "../queue/live-workers.ts";
import { pause } from "../lib/pause.ts";

interface RunnerOptions {
  /** Starts graphile-worker's runner, which reports on `events`. */
  launch: (events: WorkerEvents) => Promise<Runner>;
  listener: Listener;
  logger: Logger;
}

const retryMs = 500;
/**
 * How long to wait until the last jobs are noted as done. Jobs not noted run again and find their work done.
 */
const noteDoneMs = 3_000;

/** The part of graphile-worker's `LocalQueue` that its types do not show. */
interface LocalQueueInternals {
  backgroundCount: number;
  decreaseBackgroundCount(): void;
}

/**
 * A runner that ends returns the jobs it has fetched but not started. graphile-worker 0.18 does not wait for
 * this when it counts no other background work. If the return then fails, for example without a connection,
 * the unhandled rejection ends the process. Counting one more piece of background work makes it wait and
 * handle the failure.
 */
function waitForReturnedJobs(events: WorkerEvents): void {
  events.on("localQueue:setMode", ({ localQueue, newMode }) => {
    if (newMode !== "RELEASED") return;
    const internals = localQueue as unknown as LocalQueueInternals;
    internals.backgroundCount++;
    setImmediate(() => internals.decreaseBackgroundCount());
  });
}

/** Resolves when every worker of a runner has finished its last job. */
function workersStopped(events: WorkerEvents): Promise<void> {
  let working = 0;
  return new Promise((done) => {
    events.on("worker:create", () => working++);
    events.on("worker:stop", () => --working === 0 && done());
  });
}

/**
 * Keeps a runner of the job queue running. graphile-worker 0.18 stops its runner when it cannot note that a
 * job is done, for example when PostgreSQL restarts, and may not report when it has ended. Jobs locked for it
 * while a connection broke may be unknown to it. So a new runner starts at once after either event, while the
 * old one finishes its jobs. The old runner's lock is held until then; after that, other workers take over
 * the jobs it has left.
 */
export async function keepRunning({ launch, listener, logger }: RunnerOptions): Promise<{
  /** Takes no more jobs and waits for the running ones. */
  stop(): Promise<void>;
}> {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let current: Runner | undefined;
  let renewal: Promise<void> | undefined;

  async function begin(): Promise<void> {
    const events: WorkerEvents = new EventEmitter();
    let held: Promise<() => Promise<void>> | undefined;
    events.once("pool:create", ({ workerPool }) => {
      held = listener.hold(workerLockSpaces.jobs, workerPool.id);
    });
    events.once("pool:gracefulShutdown", () => renew());
    waitForReturnedJobs(events);
    const stopped = workersStopped(events);
    current = await launch(events);
    const life = stopped.then(async () => (await held)?.()).finally(() => running.delete(life));
    running.add(life);
  }

  function renew(): void {
    if (!stopping.signal.aborted) renewal ??= beginAgain().finally(() => (renewal = undefined));
  }

  async function beginAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await begin();
      } catch (error) {
        logger.debug({ error }, "the job queue cannot be reached, trying again");
        await pause(retryMs, stopping.signal);
      }
    }
  }

  /** Stops the current runner, which may already be stopping. */
  async function release(): Promise<void> {
    await current?.stop().catch(() => undefined);
  }

  await begin();
  const forget = listener.onReconnection(() => void release());
  return {
    async stop() {
      stopping.abort();
      forget();
      await renewal;
      const released = release();
      await Promise.all(running);
      await Promise.race([released, setTimeout(noteDoneMs, undefined, { ref: false })]);
    },
  };
}
