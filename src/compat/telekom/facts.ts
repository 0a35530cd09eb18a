import type { OutboundStatus } from "../../messages/model/status.ts";
import { registry } from "../../providers/registry.ts";
import type { CheckedMessage, StatusWord } from "../../wire/telekom/rows.ts";
import type { KnownMessage } from "../known/messages.ts";

/** Times without a zone are in this one. */
export const timeZone = "Europe/Bratislava";

const wordOf = (status: OutboundStatus): StatusWord =>
  registry.TELEKOM.served.statusWord(status) as StatusWord;

/** A message that waits with a cadence group of its provider is in it. */
export function checked(message: KnownMessage): CheckedMessage {
  const status = message.status as OutboundStatus;
  const isInGroup = message.cadenceGroupId !== null && (status === "QUEUED" || status === "SUBMITTED");
  return {
    id: message.vendorId ?? message.id,
    status: isInGroup ? "IN_GROUP" : wordOf(status),
    deliveredAt: message.deliveredAt?.getTime() ?? null,
  };
}

/** The table of callbacks has fewer words than that of `check_message`. */
export const callbackWordOf = (status: OutboundStatus): StatusWord =>
  status === "CANCELLED" ? "UNDELIVERABLE" : wordOf(status);
