/** The sandbox's time, which tests can control instead of waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs the task once, later; returns a function that cancels it. Must not keep the process alive. */
  schedule(task: () => void, delayMs: number): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(task, delayMs) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface Timers {
  /** Resolves after the delay. After `close` it never resolves, and its waiters are garbage. */
  wait(delayMs: number): Promise<void>;
  close(): void;
}

/** `setTimeout` fires at once when the delay is longer than this. */
const maxDelayMs = 2 ** 31 - 1;

/** All timers of one sandbox, which end together. */
export function createTimers(clock: Clock): Timers {
  const pending = new Set<() => void>();
  let closed = false;

  function waitOnce(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (closed) return;
      const cancel = clock.schedule(() => {
        pending.delete(cancel);
        resolve();
      }, delayMs);
      pending.add(cancel);
    });
  }

  return {
    async wait(delayMs) {
      let remainingMs = delayMs;
      while (remainingMs > 0) {
        const stepMs = Math.min(remainingMs, maxDelayMs);
        await waitOnce(stepMs);
        remainingMs -= stepMs;
      }
    },
    close() {
      closed = true;
      for (const cancel of pending) cancel();
      pending.clear();
    },
  };
}
