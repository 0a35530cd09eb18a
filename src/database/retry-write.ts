/** About a minute and a half: long enough for a database to restart or fail over. */
const tries = 20;
const maxPauseMs = 5_000;

/**
 * Retries a write of data that the provider will not send again, because the database may be briefly
 * unavailable.
 */
export async function insist<Result>(
  store: () => Promise<Result>,
  onFailure: (error: unknown) => void,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store();
    } catch (error) {
      if (attempt === tries) throw error;
      onFailure(error);
      const pauseMs = Math.min(100 * 2 ** attempt, maxPauseMs);
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }
}
