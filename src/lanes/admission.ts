import type { Queryable } from "../database/database.ts";
import { decideForCampaign, decideForSingles, type Admission } from "./decide.ts";
import { lockLanes, saveLane } from "./lane.ts";
import { announceProviderChange } from "./provider-channel.ts";

/** Who asks to submit: single messages go before those of campaigns. */
interface Asker {
  isCampaign: boolean;
  /** Messages per request, by provider; 1 where absent. */
  bulkSizes?: ReadonlyMap<string, number>;
}

/** A message that may not start now. */
export interface Wait {
  retryAfterMs: number;
  isDistrusted: boolean;
}

/**
 * Asks for the right to start submissions: `wanted` of each provider. Providers without a limit and with a
 * closed breaker are missing from the answer: all their submissions may start. Runs in the transaction that
 * claims the messages.
 */
async function admit(
  transaction: Queryable,
  wanted: ReadonlyMap<string, number>,
  { isCampaign, bulkSizes }: Asker,
  now: Date,
): Promise<Map<string, Admission>> {
  const lanes = await lockLanes(transaction, [...wanted.keys()], now);
  const admissions = new Map<string, Admission>();
  for (const lane of lanes) {
    const count = wanted.get(lane.providerId) ?? 0;
    const { admission, next } = isCampaign
      ? decideForCampaign(lane, count, bulkSizes?.get(lane.providerId) ?? 1, now)
      : decideForSingles(lane, count, now);
    admissions.set(lane.providerId, admission);
    await saveLane(transaction, next);
    if (next.breaker !== lane.breaker) await announceProviderChange(transaction);
  }
  return admissions;
}

/**
 * Divides messages into those that may be submitted now and those that must wait, with their wait by message
 * id.
 */
export async function admitMessages<Message extends { id: string; providerId: string }>(
  transaction: Queryable,
  messages: readonly Message[],
  now: Date,
  asker: Asker = { isCampaign: false },
): Promise<{ admitted: Message[]; waiting: Map<string, Wait> }> {
  const wanted = Map.groupBy(messages, ({ providerId }) => providerId);
  const counts = new Map([...wanted].map(([providerId, group]) => [providerId, group.length]));
  const admissions = await admit(transaction, counts, asker, now);
  const admitted: Message[] = [];
  const waiting = new Map<string, Wait>();
  for (const [providerId, group] of wanted) {
    const admission = admissions.get(providerId) ?? { admitted: Infinity, retryAfterMs: 0 };
    const { admitted: count, retryAfterMs, isDistrusted = false } = admission;
    admitted.push(...group.slice(0, count));
    for (const { id } of group.slice(count === Infinity ? group.length : count))
      waiting.set(id, { retryAfterMs, isDistrusted });
  }
  return { admitted, waiting };
}
