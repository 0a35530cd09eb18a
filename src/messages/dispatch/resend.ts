import type { Clock } from "../../lib/clock.ts";
import type { Database } from "../../database/database.ts";
import type { Message, Prisma } from "../../database/generated/client.ts";
import { type DomainError, InvalidInputError, OutcomeNotOpenError } from "../../lib/errors.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import type { SendInput } from "../accept/send-input.ts";
import { fingerprint } from "../accept/draft.ts";
import type { MessageSender, SendResult } from "../accept/send.ts";
import { findEarlier } from "../accept/store-messages.ts";
import { settleMessages, statusOf } from "../changes/settle.ts";
import type { StoredRoute } from "../model/stored-route.ts";

interface ResendOptions {
  database: Database;
  clock: Clock;
  sender: MessageSender;
  /** What the calling key may send. */
  within: SendRestrictions | undefined;
}

/** What became of one message that was to be sent again. */
export type Resent =
  | { kind: "resent"; messageId: string }
  /** Its outcome became known meanwhile, or it has been sent again already. */
  | { kind: "settled" }
  | { kind: "refused"; error: DomainError };

const isForgotten = "The message is so old that its text and recipient are forgotten. Send a new one.";

/** The only status in which a message has been given up. */
export const givenUp = "UNKNOWN" as const;

/**
 * Sends messages again that were given up, each as a new message with all checks of a first one; the old one is
 * settled as FAILED. The new one is named after the old one by its key, so a repeated call, or two at
 * once, make only one. The recipient may still get both: nobody knows whether the provider had the first.
 */
export async function resendMessages(
  { database, clock, sender, within }: ResendOptions,
  accountId: string,
  messageIds: readonly string[],
  decision: { reason: string; by: string },
  campaignId?: string,
): Promise<Resent[]> {
  const where = {
    id: { in: [...messageIds] },
    accountId,
    status: givenUp,
  } satisfies Prisma.MessageWhereInput;
  const found = await database.prisma.message.findMany({ where });
  const [rows, forgotten] = [
    found.filter(({ text }) => text !== ""),
    found.filter(({ text }) => text === ""),
  ];
  const sent = await sendOnce({ database, sender, within }, accountId, rows.map(inputOf));
  const made = rows.flatMap(({ id }, index) => {
    const result = sent[index];
    return result && "messageId" in result ? [id] : [];
  });
  const settlement = {
    as: "FAILED",
    by: decision.by,
    reason: `It was sent again as a new message, and the recipient may get both. ${decision.reason}`,
  } as const;
  const scope = {
    accountId,
    action: "MESSAGES_RESENT",
    ...(campaignId !== undefined && { campaignId }),
  } as const;
  await settleMessages({ database, clock }, made, settlement, scope);
  const results = new Map([
    ...rows.map(({ id }, index) => [id, sent[index]] as const),
    ...forgotten.map(({ id }) => [id, { error: new InvalidInputError("id", isForgotten) }] as const),
  ]);
  return messageIds.map((id): Resent => {
    const result = results.get(id);
    if (!result) return { kind: "settled" };
    return "messageId" in result
      ? { kind: "resent", messageId: result.messageId }
      : { kind: "refused", error: result.error };
  });
}

/**
 * Before its keys had a mark of our own, smsgraph named what it sent again by a key that a client may give too. A worker of
 * that version may still run, or have died before it settled a message: with the same input, the key was ours.
 */
async function sendOnce(
  { database, sender, within }: Pick<ResendOptions, "database" | "sender" | "within">,
  accountId: string,
  inputs: readonly SendInput[],
): Promise<SendResult[]> {
  const named = inputs.map((input) => ({
    accountId,
    idempotencyKey: input.ownKey ?? null,
    fingerprint: fingerprint(input),
  }));
  const earlier = await findEarlier(database, named);
  const fresh = inputs.filter((_input, index) => earlier[index]?.kind !== "repeated");
  const sent = (await sender.send(accountId, fresh, within)).values();
  return earlier.map((use) =>
    use.kind === "repeated" ? { messageId: use.messageId } : (sent.next().value as SendResult),
  );
}

/**
 * Sends one message again and returns the id of the new one.
 * @throws NotFoundError, OutcomeNotOpenError, and what a first sending may be refused for
 */
export async function resendMessage(
  options: ResendOptions,
  accountId: string,
  messageId: string,
  decision: { reason: string; by: string },
): Promise<string> {
  const status = await statusOf(options.database, accountId, messageId);
  if (status !== givenUp) throw new OutcomeNotOpenError(status, [givenUp]);
  const [result] = await resendMessages(options, accountId, [messageId], decision);
  if (result?.kind === "resent") return result.messageId;
  if (result?.kind === "refused") throw result.error;
  throw new OutcomeNotOpenError(await statusOf(options.database, accountId, messageId), [givenUp]);
}

function inputOf(message: Message): SendInput {
  const {
    id,
    recipient: to,
    sender,
    text,
    providerId,
    routed,
    clientRef,
    priority,
    flash,
    encoding,
  } = message;
  const route = message.route as StoredRoute | null;
  return {
    to,
    text,
    ...(route?.senderGiven !== false && { from: sender }),
    ...(!routed && { providerId }),
    clientRef,
    priority,
    flash,
    encoding: encoding === "UCS2" ? "UCS2" : "AUTO",
    cadenceGroupId: message.cadenceGroupId,
    dltTemplateId: message.dltTemplateId,
    ownKey: `resend ${id}`,
  };
}
