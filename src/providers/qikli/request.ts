import type { E164 } from "../provider.ts";
import { digitsOf } from "../wire/text.ts";
import { writeXml } from "../wire/xml.ts";
import type { QikliSettings } from "./config.ts";
import { mediaType } from "./transport.ts";

/** The content of a request. The same values give the same request, byte for byte. */
export interface Sendable {
  messageId: string;
  to: E164;
  from: string;
  text: string;
  flash?: boolean;
  validityMinutes?: number;
  callbackUrl?: string;
}

/** Maximum validity period in minutes; Qikli shortens a longer one to this. */
export const longestValidityMinutes = 48 * 60;

/**
 * Each message has its own message id, which Qikli accepts only once. Messages that differ only in number and
 * id share an entry with many destinations; the answer has a row per destination either way. No `bulkId`: one
 * made by Qikli is of no use here, and if we chose one, using it twice might cause trouble.
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

/** The values that all destinations of an entry share. */
interface Common {
  from: string;
  text: string;
  flash?: boolean;
  notifyUrl?: string;
  notifyContentType?: string;
  validityPeriod?: number;
}

interface MessageEntry extends Common {
  destinations: { to: string; messageId: string }[];
}

function commonOf(sendable: Sendable, format: QikliSettings["format"]): Common {
  const { from, text, flash, validityMinutes, callbackUrl } = sendable;
  return {
    from,
    text,
    ...(flash && { flash }),
    ...(callbackUrl !== undefined && { notifyUrl: callbackUrl, notifyContentType: mediaType(format) }),
    ...(validityMinutes !== undefined && {
      validityPeriod: Math.min(validityMinutes, longestValidityMinutes),
    }),
  };
}
