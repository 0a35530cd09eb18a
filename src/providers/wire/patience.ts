import { setTimeout as pause } from "node:timers/promises";
import type { ProviderProblem, ProviderReply } from "../provider.ts";

const maxTries = 3;
const pauseSeconds = { usual: 2, max: 30 };

/** Problems that may pass in a moment. */
const passing: ReadonlySet<ProviderProblem["kind"]> = new Set(["busy", "unreachable"]);

/** Retries after a pause. Giving up would waste the requests that came before. */
export async function patiently<Value>(
  ask: () => Promise<ProviderReply<Value>>,
): Promise<ProviderReply<Value>> {
  for (let tries = 1; ; tries++) {
    const reply = await ask();
    if (reply.ok || tries === maxTries || !passing.has(reply.problem.kind)) return reply;
    const { retryAfterSeconds = pauseSeconds.usual } = reply.problem;
    if (retryAfterSeconds > pauseSeconds.max) return reply;
    await pause(retryAfterSeconds * 1000);
  }
}
