/** The functions that stop what was started, in starting order. */
export type Stops = (() => unknown)[];

/**
 * Stops everything, newest first. A failure does not keep the others from being stopped.
 * @throws the first failure
 */
export async function stopAll(stops: Stops): Promise<void> {
  const failures: unknown[] = [];
  for (let stop = stops.pop(); stop; stop = stops.pop()) {
    try {
      await stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Stops everything at the same time. @throws the first failure, after all have ended */
export async function stopTogether(stops: Stops): Promise<void> {
  const results = await Promise.allSettled(stops.splice(0).map(async (stop) => stop()));
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}
