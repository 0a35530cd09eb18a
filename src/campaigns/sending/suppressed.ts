import type { Queryable, Statement } from "../../database/database.ts";
import type { DispatchMessage } from "../../messages/dispatch/dispatch-message.ts";
import { cancelSuppressed } from "../../messages/dispatch/suppressed.ts";

const count: Statement = {
  name: "count_suppressed_of_campaign",
  text: "update campaigns set suppressed = suppressed + $2 where id = $1",
};

/** Cancels messages of a campaign whose recipients were put on the list after it was accepted. */
export async function leaveOutSuppressed(
  transaction: Queryable,
  campaignId: string,
  messages: readonly DispatchMessage[],
  now: Date,
): Promise<void> {
  if (messages.length === 0) return;
  const cancelled = await cancelSuppressed(transaction, messages, now);
  await transaction.query(count, [campaignId, cancelled]);
}
