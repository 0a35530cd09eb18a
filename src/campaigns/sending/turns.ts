import type { RunningCampaign } from "./running-campaigns.ts";

type Turning = Pick<RunningCampaign, "accountId" | "priority">;

/**
 * The order in which campaigns are tried in a turn, given the most urgent first. Accounts come one after the other, each with
 * one campaign, then each with its next: one that has a thousand campaigns of which none may be sent now holds up the others
 * by one. Of an account the most urgent comes first; those of equal priority take turns.
 */
export function inTurns<Campaign extends Turning>(campaigns: readonly Campaign[], turn: number): Campaign[] {
  const accounts = [...Map.groupBy(campaigns, ({ accountId }) => accountId).values()];
  const ownTurn = Math.floor(turn / accounts.length);
  let left = rotated(accounts, turn).map((own) => ofAccount(own, ownTurn));
  const order: Campaign[] = [];
  for (let place = 0; left.length > 0; place++) {
    left = left.filter((own) => own.length > place);
    for (const own of left) order.push(...own.slice(place, place + 1));
  }
  return order;
}

function ofAccount<Campaign extends Turning>(campaigns: readonly Campaign[], turn: number): Campaign[] {
  const equals = campaigns.filter(({ priority }) => priority === campaigns[0]?.priority);
  return [...rotated(equals, turn), ...campaigns.slice(equals.length)];
}

/** From the place of the turn on, and then those before it. */
function rotated<Item>(items: readonly Item[], turn: number): Item[] {
  const start = items.length === 0 ? 0 : turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
