import type { E164 } from "../provider.ts";
import { digitsOf } from "../wire/text.ts";
import { writeXml } from "../wire/xml.ts";
import type { QikliSettings } from "./config.ts";
import { mediaType } from "./transport.ts";

/** What goes into a request; the same values give the same request, byte for byte. */
export interface Sendable {
  messageId: string;
  to: E164;
  from: string;
  text: string;
  flash?: boolean;
  validityMinutes?: number;
  deliverAt?: Date;
  callbackUrl?: string;
}

/** The longest validity period, in minutes; Qikli cuts a longer one down to it. */
export const longestValidityMinutes = 48 * 60;

/**
 * One message to one destination under our own message id, which Qikli takes once only. No `bulkId`: the one that
 * Qikli makes up is of no use to us, and a second use of one of ours might be.
 */
export function writeRequest(sendable: Sendable, format: QikliSettings["format"]): string {
  const { messageId, to, from, text, flash, validityMinutes, deliverAt, callbackUrl } = sendable;
  const destination = { to: digitsOf(to), messageId };
  const details = {
    text,
    ...(flash && { flash }),
    ...(callbackUrl !== undefined && { notifyUrl: callbackUrl, notifyContentType: mediaType(format) }),
    ...(validityMinutes !== undefined && {
      validityPeriod: Math.min(validityMinutes, longestValidityMinutes),
    }),
    // `2019-11-09T16:00:00.000+0000`: the platform prints offsets without a colon, and never a Z.
    ...(deliverAt && { sendAt: deliverAt.toISOString().replace("Z", "+0000") }),
  };
  if (format === "JSON") {
    return JSON.stringify({ messages: [{ from, destinations: [destination], ...details }] });
  }
  return writeXml("request", { messages: { message: { from, destinations: { destination }, ...details } } });
}
