import { setTimeout as pause } from "node:timers/promises";
import type { ProviderProblem, ProviderReply } from "../provider.ts";

const maxTries = 3;
const pauseSeconds = { usual: 2, max: 30 };

/** Problems that may be over in a moment. */
const passing: ReadonlySet<ProviderProblem["kind"]> = new Set(["busy", "unreachable"]);

/** Asks again after a pause: what was asked for before would have to be asked for once more if this is given up. */
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
