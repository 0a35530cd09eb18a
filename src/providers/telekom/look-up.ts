import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { readReply } from "./problem.ts";
import { receiptOf } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import { readCheck } from "./wire.ts";

/** Asks for each message by its id; one without an id cannot be asked for. */
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
      // XML answers have no id: what was asked for is what is told of.
      if (check.message_id !== undefined && check.message_id !== id) return [];
      const receipt = receiptOf(id, check.code, check.deliveryDateTime, timeZone);
      return [{ ...receipt, clientRef: message.messageId }];
    });
    return !receipts.ok && receipts.problem.kind === "not_found" ? { ok: true, value: [] } : receipts;
  });
}

/** A number, as the id was when the message was sent; the documented table says text, its example is a number. */
function typed(id: string): string | number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}
