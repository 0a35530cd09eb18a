import { setTimeout } from "node:timers/promises";

/** The pause after a step, as a multiple of the time that the step took. */
const restPerWork = 4;

/**
 * Runs step after step until one says that it was the last, or until `signal` aborts. It pauses most of the
 * time, so that work that is not urgent leaves the database to requests.
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
