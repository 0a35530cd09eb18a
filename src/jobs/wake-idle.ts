import type { Worker, WorkerEventMap, WorkerEvents } from "graphile-worker";

type LocalQueue = WorkerEventMap["localQueue:init"]["localQueue"];

/** What graphile-worker sends with its notice of new jobs. */
const countIn = (payload: string | undefined): number =>
  Number(/"count":\s*(\d+)/.exec(payload ?? "")?.[1] ?? 1);

/**
 * Keeps new jobs from waiting while some jobs are left out. Workers do not wait at the local queue of graphile-worker then, which is all
 * that it wakes, and do not take from it, though it fetches at every notice: one troubled provider would let everybody's messages wait
 * for the next poll, or until the local queue gives back what it holds.
 */
export function wakeIdle(events: WorkerEvents, leavesOut: () => boolean): void {
  const workers = new Set<Worker>();
  const wake = (count: number): void => {
    let left = count;
    for (const worker of workers) {
      if (left <= 0) return;
      if (worker.nudge()) left--;
    }
  };
  events.on("worker:create", ({ worker }) => void workers.add(worker));
  events.on("worker:release", ({ worker }) => void workers.delete(worker));
  events.on("pool:listen:notification", ({ message }) => {
    if (message.channel === "jobs:insert" && leavesOut()) wake(countIn(message.payload));
  });
  events.on("localQueue:init", ({ localQueue }) => takeFrom(localQueue));
  events.on("localQueue:getJobs:complete", ({ localQueue }) => {
    // The event comes before the jobs are in the queue.
    setImmediate(() => {
      if (leavesOut()) wake(localQueue.jobQueue.length);
    });
  });
}

/** Lets workers that leave some jobs out take the others from the local queue. */
function takeFrom(localQueue: LocalQueue): void {
  const { getJob, jobQueue } = localQueue;
  localQueue.getJob = (workerId, leftOut) => {
    if (leftOut === null || jobQueue.length === 0) return getJob(workerId, leftOut);
    const flags = new Set(leftOut);
    const place = jobQueue.findIndex((job) => !Object.keys(job.flags ?? {}).some((flag) => flags.has(flag)));
    if (place === -1) return getJob(workerId, leftOut);
    jobQueue.unshift(...jobQueue.splice(place, 1));
    return getJob(workerId, null);
  };
}
