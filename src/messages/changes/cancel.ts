import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import { NotCancellableError, NotFoundError } from "../../lib/errors.ts";
import { cancellable } from "../model/status.ts";
import { applyChanges } from "./transition.ts";

/**
 * Cancels a message that has not been handed over: its dispatch job will find it CANCELLED and do nothing.
 * Cancelling twice is not an error.
 * @throws NotFoundError
 * @throws NotCancellableError when the provider has it, or may have it
 */
export async function cancelMessage(
  { database, clock }: { database: Database; clock: Clock },
  accountId: string,
  messageId: string,
): Promise<void> {
  const owned = await database.prisma.message.count({ where: { id: messageId, accountId } });
  if (owned === 0) throw new NotFoundError("Message", messageId);
  const change = { messageId, status: "CANCELLED", source: "API", receivedAt: clock.now() } as const;
  const [outcome] = await database.transaction((transaction) =>
    applyChanges(transaction, [{ ...change, onlyFrom: cancellable }]),
  );
  if (outcome?.kind === "taken") return;
  const { status } = await database.prisma.message.findUniqueOrThrow({ where: { id: messageId } });
  if (status !== "CANCELLED") throw new NotCancellableError(status);
}
