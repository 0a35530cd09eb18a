import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { readReply } from "./problem.ts";
import { receiptOf } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import { readCheck } from "./wire.ts";

/** Looks up each message by its id; messages without an id cannot be looked up. */
export function lookUp(
  transport: Transport,
  messages: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  return lookUpEach(messages, async (message) => {
    const { providerMessageId: id } = message;
    if (id === undefined) return { ok: true, value: [] };
    const reply = await transport.call("check_message", { message_id: typed(id) });
    const receipts = readReply(reply, (content) => {
      const check = readCheck(content);
      if (check?.code === undefined) return undefined;
      // XML answers have no id: they are about the message asked for.
      if (check.message_id !== undefined && check.message_id !== id) return [];
      const receipt = receiptOf(id, check.code, check.deliveryDateTime, timeZone);
      return [{ ...receipt, clientRef: message.messageId }];
    });
    return !receipts.ok && receipts.problem.kind === "not_found" ? { ok: true, value: [] } : receipts;
  });
}

/**
 * Sends the id as a number, as it was when the message was submitted. The documented table says text, but its
 * example is a number.
 */
function typed(id: string): string | number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}
