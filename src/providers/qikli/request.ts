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
 * Each message under its own message id, which Qikli takes once only. Messages that are the same but for number and
 * id share one entry with many destinations: the answer has a row for each destination either way. No `bulkId`: the
 * one that Qikli makes up is of no use to us, and a second use of one of ours might be.
 */
export function writeRequest(sendables: readonly Sendable[], format: QikliSettings["format"]): string {
  const messages = new Map<string, MessageEntry>();
  for (const sendable of sendables) {
    const { from, ...details } = commonOf(sendable, format);
    const key = JSON.stringify([from, details]);
    const destination = { to: digitsOf(sendable.to), messageId: sendable.messageId };
    const entry = messages.get(key);
    if (entry) entry.destinations.push(destination);
    else messages.set(key, { from, destinations: [destination], ...details });
  }
  const entries = [...messages.values()];
  if (format === "JSON") return JSON.stringify({ messages: entries });
  const message = entries.map(({ destinations, from, ...details }) => ({
    from,
    destinations: { destination: destinations },
    ...details,
  }));
  return writeXml("request", { messages: { message } });
}

/** What is said once for all destinations of a message. */
interface Common {
  from: string;
  text: string;
  flash?: boolean;
  notifyUrl?: string;
  notifyContentType?: string;
  validityPeriod?: number;
  sendAt?: string;
}

interface MessageEntry extends Common {
  destinations: { to: string; messageId: string }[];
}

function commonOf(sendable: Sendable, format: QikliSettings["format"]): Common {
  const { from, text, flash, validityMinutes, deliverAt, callbackUrl } = sendable;
  return {
    from,
    text,
    ...(flash && { flash }),
    ...(callbackUrl !== undefined && { notifyUrl: callbackUrl, notifyContentType: mediaType(format) }),
    ...(validityMinutes !== undefined && {
      validityPeriod: Math.min(validityMinutes, longestValidityMinutes),
    }),
    // `2019-11-09T16:00:00.000+0000`: the platform prints offsets without a colon, and never a Z.
    ...(deliverAt && { sendAt: deliverAt.toISOString().replace("Z", "+0000") }),
  };
}
