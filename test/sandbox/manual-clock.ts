import { EventEmitter, once } from "node:events";
import type { Clock } from "../../src/sandbox/clock.ts";

export interface ManualClock extends Clock {
  /** Waits until this many tasks are pending; gives the delays that remain, shortest first. */
  pending(count: number): Promise<number[]>;
  /** Moves time on and runs what falls due on the way. */
  advance(milliseconds: number): void;
}

/** A clock that stands still until it is told to move. */
export function createManualClock(start: string): ManualClock {
  const tasks = new Map<() => void, number>();
  const events = new EventEmitter();
  let time = Date.parse(start);
  const inOrder = () => [...tasks].toSorted(([, one], [, other]) => one - other);

  return {
    now: () => time,
    schedule(task, delayMs) {
      const entry = () => task();
      tasks.set(entry, time + delayMs);
      events.emit("scheduled");
      return () => tasks.delete(entry);
    },
    async pending(count) {
      while (tasks.size < count) await once(events, "scheduled");
      return inOrder().map(([, dueAt]) => dueAt - time);
    },
    advance(milliseconds) {
      time += milliseconds;
      for (const [task, dueAt] of inOrder()) {
        if (dueAt > time || !tasks.delete(task)) continue;
        task();
      }
    },
  };
}
