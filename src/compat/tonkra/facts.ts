import type { MessageStatus } from "../../messages/model/status.ts";
import { registry } from "../../providers/registry.ts";
import type { MessageFacts } from "../../wire/tonkra/rows.ts";
import { digitsOf } from "../frame/send.ts";
import type { KnownMessage } from "../known/messages.ts";

/** A message that came by another way has its own id, written without dashes. */
export const uidOfMessage = ({ api, vendorId, id }: KnownMessage): string =>
  api === "TONKRA" && vendorId !== null ? vendorId : id.replaceAll("-", "");

/** Our id in a uid of that kind. */
export function idOfUid(uid: string): string | undefined {
  if (!/^[0-9a-f]{32}$/.test(uid)) return undefined;
  return uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export const typeOf = ({ encoding }: Pick<KnownMessage, "encoding">): string =>
  encoding === "UCS2" ? "unicode" : "plain";

export function factsOf(message: KnownMessage): MessageFacts {
  return {
    uid: uidOfMessage(message),
    to: digitsOf(message.recipient),
    from: digitsOf(message.sender),
    text: message.text,
    type: typeOf(message),
    parts: message.segments,
    // In units: one for each part.
    cost: String(message.segments),
    sentAt: (message.submittedAt ?? message.scheduledAt ?? message.createdAt).getTime(),
  };
}

/** What a person wrote to us has arrived. */
export const wordOf = (status: MessageStatus): string =>
  status === "RECEIVED" ? "Delivered" : registry.TONKRA.served.statusWord(status);
