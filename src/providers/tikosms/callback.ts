import type { CallbackReading, Receipt } from "../provider.ts";
import type { TikosmsSettings } from "./config.ts";
import { callbackReceipt, type ReportEvent } from "./receipts.ts";
import { asList } from "../wire/fields.ts";
import { readLenientJson } from "../wire/json.ts";
import { readReport } from "./wire.ts";

const events = ["create", "update"] as const satisfies ReportEvent[];

/**
 * Reads the body of a callback: one object whose key is the event, or an array of such objects. Either event
 * may have any status. An unreadable receipt does not affect the readable ones.
 */
export function parseCallback(
  body: string,
  { timeZone }: Pick<TikosmsSettings, "timeZone">,
): CallbackReading {
  const json = readLenientJson(body);
  if (json === undefined) return { kind: "malformed", reason: "The body is not JSON, even after repair." };
  const receipts = asList(json).flatMap((envelope) => readEvents(envelope, timeZone));
  if (receipts.length > 0) return { kind: "receipts", receipts };
  return {
    kind: "unreadable",
    reason: "The JSON has no create or update event with a status and a message_id or client_ref.",
  };
}

function readEvents(envelope: unknown, timeZone: string): Receipt[] {
  if (typeof envelope !== "object" || envelope === null) return [];
  const content = new Map<string, unknown>(Object.entries(envelope));
  return events.flatMap((event) =>
    asList(content.get(event)).flatMap((element) => {
      const report = readReport(element);
      return (report && callbackReceipt(event, report, timeZone)) ?? [];
    }),
  );
}
