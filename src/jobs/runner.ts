import { EventEmitter } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Runner, WorkerEvents } from "graphile-worker";
import type { Listener } from "../database/listener.ts";
import type { Logger } from "../lib/logger.ts";
import { workerLockSpace } from "../queue/dead-workers.ts";
import { pause } from "./rounds.ts";

export interface RunnerOptions {
  /** Starts the queue's own runner, which tells of itself on `events`. */
  launch: (events: WorkerEvents) => Promise<Runner>;
  listener: Listener;
  logger: Logger;
}

const retryMs = 500;
/** How long the queue may take to note that the last jobs are done; else they are found done when run again. */
const noteDoneMs = 3_000;

/** Part of the queue's own `LocalQueue` that its types do not show. */
interface LocalQueueInternals {
  backgroundCount: number;
  decreaseBackgroundCount(): void;
}

/**
 * A runner that ends gives back the jobs it has fetched and not begun. graphile-worker 0.18 does not wait for that
 * when it does nothing else, and when it fails, as without a connection, the rejection ends our process. With
 * something else to do it waits, and handles the failure.
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
 * Keeps a runner of the job queue running. The queue's own ends by itself when it cannot note that a job is done,
 * as when PostgreSQL restarts, and then it may not even tell when it has ended (graphile-worker 0.18). And what
 * was locked for it while a connection broke it may never have learnt. So after each of these a new runner takes
 * over at once, while the old one finishes its jobs. A runner's lock is held until then; after it the others take
 * over whatever it has left.
 */
export async function keepRunning({ launch, listener, logger }: RunnerOptions): Promise<{
  /** Takes no more jobs and waits for those that run. */
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
      held = listener.hold(workerLockSpace, workerPool.id);
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

  /** Ends the present runner, which may be ending already. */
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
