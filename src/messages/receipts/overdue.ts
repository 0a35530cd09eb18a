import type { Database, Statement } from "../../database/database.ts";
import { applyChanges } from "../changes/transition.ts";
import type { MessageStatus } from "../model/status.ts";
import { isOverdue, type ReceiptExpectations } from "../statistics/expected-lag.ts";

/** A message that was checked. */
export interface CheckedMessage {
  id: string;
  accountId: string;
  providerId: string;
  kind: string;
  country: string | null;
  status: MessageStatus;
  submittedAt: Date | null;
  /** When it was noted that its receipt is overdue. */
  overdueAt: Date | null;
}

/** Whoever wants to know of messages whose receipts are overdue. */
export interface OverdueWatch {
  expectations: ReceiptExpectations;
  /** Called with the kind of the provider, once for each message. */
  onOverdue: (kind: string) => void;
}

const mark: Statement = {
  name: "mark_overdue",
  text: "update message_checks set overdue_at = $2 where message_id = any ($1::uuid[]) and overdue_at is null",
};

const awaiting = ["SUBMITTED", "SENT"] as const;

/**
 * Notes in the timelines which of the checked messages have become overdue, each once. A receipt that comes at
 * the same time wins.
 */
export async function noteOverdue(
  database: Database,
  { expectations, onOverdue }: OverdueWatch,
  checked: readonly CheckedMessage[],
  now: Date,
): Promise<void> {
  const candidates = checked.filter(
    ({ overdueAt, submittedAt }) => overdueAt === null && submittedAt !== null,
  );
  const expected = new Map(
    await Promise.all(
      [...new Set(candidates.map(({ accountId }) => accountId))].map(
        async (accountId) => [accountId, await expectations.of(accountId)] as const,
      ),
    ),
  );
  const overdue = candidates.flatMap((message) => {
    const lags = expected.get(message.accountId);
    if (!lags || !isOverdue(message, lags, now)) return [];
    return [{ ...message, seconds: lags.seconds(message.providerId, message.country) }];
  });
  if (overdue.length === 0) return;
  const outcomes = await database.transaction(async (transaction) => {
    const noted = await applyChanges(
      transaction,
      overdue.map(({ id: messageId, providerId, status, seconds }) => ({
        messageId,
        providerId,
        status,
        source: "DISPATCH",
        receivedAt: now,
        onlyFrom: awaiting,
        detail: `Overdue: receipts of this provider for this country mostly take less than ${Math.ceil(seconds)} seconds.`,
      })),
    );
    await transaction.query(mark, [overdue.map(({ id }) => id), now]);
    return noted;
  });
  for (const [index, { kind }] of overdue.entries()) if (outcomes[index]?.kind === "taken") onOverdue(kind);
}
