import type { Worker, WorkerEvents } from "graphile-worker";

/** What graphile-worker sends with its notice of new jobs. */
const countIn = (payload: string | undefined): number =>
  Number(/"count":\s*(\d+)/.exec(payload ?? "")?.[1] ?? 1);

/**
 * Wakes idle workers for new jobs while some jobs are left out. They do not wait at the local queue of graphile-worker then, which is all
 * that it wakes, but for their next poll: one troubled provider would let everybody's messages wait for up to a second.
 */
export function wakeIdle(events: WorkerEvents, leavesOut: () => boolean): void {
  const workers = new Set<Worker>();
  events.on("worker:create", ({ worker }) => void workers.add(worker));
  events.on("worker:release", ({ worker }) => void workers.delete(worker));
  events.on("pool:listen:notification", ({ message }) => {
    if (message.channel !== "jobs:insert" || !leavesOut()) return;
    let left = countIn(message.payload);
    for (const worker of workers) {
      if (left <= 0) return;
      if (worker.nudge()) left--;
    }
  });
}
