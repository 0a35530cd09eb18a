import { subtract, type DecimalText } from "../../lib/money.ts";
import { endsWait } from "../statistics/counts.ts";
import { lagClass } from "../statistics/lag.ts";
import type { ChargeChange, Move } from "../statistics/moves.ts";
import type { NewEvent } from "./event-of-change.ts";
import type { LockedMessage } from "./locked-message.ts";

/** What an event means for the statistics; nothing when the status stays. */
export function movesOf(before: LockedMessage, event: NewEvent): Move[] {
  const { status: from, accountId, country } = before;
  const { status: to, applied, providerId, receivedAt: at } = event;
  if (!applied || from === to) return [];
  return [{ accountId, providerId, country, at, from, to, lag: lagOf(before, event) }];
}

/** How long the receipt took that says how the message ended. */
function lagOf({ status, submittedAt }: LockedMessage, event: NewEvent): number {
  const isReported = event.source === "CALLBACK" || event.source === "POLL";
  if (!isReported || submittedAt === null || !endsWait(status, event.status)) return 0;
  return lagClass(event.receivedAt.getTime() - submittedAt.getTime());
}

/** When a charge has changed, the old one is subtracted and the new one added. */
export function chargesOf(
  before: ReadonlyMap<string, LockedMessage>,
  after: ReadonlyMap<string, LockedMessage>,
): ChargeChange[] {
  return [...after.values()].flatMap((message) => {
    const earlier = before.get(message.id);
    const { accountId, providerId, country, updatedAt: at } = message;
    if (!earlier || isSameCharge(earlier, message)) return [];
    const common = { accountId, providerId, country, at };
    return [
      { ...common, currency: earlier.costCurrency, amount: negated(earlier.cost) },
      { ...common, currency: message.costCurrency, amount: message.cost?.toString() ?? "0" },
    ];
  });
}

const isSameCharge = (one: LockedMessage, other: LockedMessage): boolean =>
  one.cost?.toString() === other.cost?.toString() && one.costCurrency === other.costCurrency;

const negated = (cost: LockedMessage["cost"]): DecimalText => subtract("0", cost?.toString() ?? "0");
