import { setTimeout } from "node:timers/promises";

/** How many times as long as a step took is rested after it. */
const restPerWork = 4;

/**
 * Takes one step after the other until one says that it was the last, or until `signal`. Most of the time it rests, so that
 * work without haste leaves the database to those who wait for an answer.
 */
export async function paced(isThereMore: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (;;) {
    if (signal?.aborted === true) return;
    const startedAt = performance.now();
    if (!(await isThereMore())) return;
    const restMs = (performance.now() - startedAt) * restPerWork;
    // Ends early when it is aborted.
    await setTimeout(restMs, undefined, signal && { signal }).catch(() => undefined);
  }
}
