/** Time as a sandbox sees it, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs the task once, later, and returns how to cancel it. Must not keep the process alive. */
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
  /** Resolves after the delay; after `close` it never does, and what waited for it is simply forgotten. */
  wait(delayMs: number): Promise<void>;
  close(): void;
}

/** The longest delay `setTimeout` understands; a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/** All the waiting of one sandbox, to be dropped together. */
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
