import type { Logger } from "../lib/logger.ts";
import { pause } from "../lib/pause.ts";

/** A task that is repeated, one run after the other. */
export interface Round {
  name: string;
  everyMs: number;
  /** A long run should end early when this signal aborts. */
  run: (stopping: AbortSignal) => Promise<unknown>;
}

/** What is done seldom is not urgent: a process that has just started has better things to do. */
const seldomMs = 15_000;
const firstSeldomMs = 5_000;

/** Starts the rounds. A failed run is logged; the next one comes as usual. */
export function startRounds(logger: Logger, rounds: readonly Round[]): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = rounds.map((round) => repeat(round, logger, stopping.signal));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function repeat({ name, everyMs, run }: Round, logger: Logger, signal: AbortSignal): Promise<void> {
  if (everyMs >= seldomMs) await pause(firstSeldomMs, signal);
  while (!signal.aborted) {
    try {
      await run(signal);
    } catch (error) {
      logger.error({ error, round: name }, "a regular round failed");
    }
    await pause(everyMs, signal);
  }
}
