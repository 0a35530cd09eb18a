/** About a minute and a half: a database that restarts or fails over is back by then. */
const tries = 20;
const maxPauseMs = 5_000;

/** Stores what a provider told us, and will not tell again, although the database may be away for a moment. */
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
