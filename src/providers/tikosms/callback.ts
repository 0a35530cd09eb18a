import type { CallbackReading, Receipt } from "../provider.ts";
import type { TikosmsSettings } from "./config.ts";
import { callbackReceipt, type ReportEvent } from "./receipts.ts";
import { asList, readJson, readReport } from "./wire.ts";

const events = ["create", "update"] as const satisfies ReportEvent[];

/**
 * Reads the body of a callback: one object whose key is the event, in either event any status, or an array of
 * such objects. Readable receipts are not lost to an unreadable one beside them.
 */
export function parseCallback(
  body: string,
  { timeZone }: Pick<TikosmsSettings, "timeZone">,
): CallbackReading {
  const json = readBody(body);
  if (json === undefined) return { kind: "malformed", reason: "The body is not JSON, even after repair." };
  const receipts = asList(json).flatMap((envelope) => readEvents(envelope, timeZone));
  if (receipts.length > 0) return { kind: "receipts", receipts };
  return {
    kind: "unreadable",
    reason: "The JSON has no create or update event with a status and a message_id or client_ref.",
  };
}

function readBody(body: string): unknown {
  const json = readJson(body);
  return json === undefined ? readJson(repair(body)) : json;
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

/** A whole string, all that follows a quote never closed, a run of white space, or any one other character. */
const token = /"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|"[^]*|\s+|[^]/g;

/**
 * Mends the two faults of the `create` example in the TikoSMS documentation: the comma that is missing between a
 * string at the end of one line and a key on the next, and commas before a closing bracket. Works on whole
 * tokens, so that the content of strings stays as it is, as does all JSON that has no such fault.
 */
export function repair(body: string): string {
  const tokens = body.match(token) ?? [];
  const isSpace = (index: number): boolean => tokens[index]?.trim() === "";
  const next = (index: number): number => (isSpace(index + 1) ? index + 2 : index + 1);
  const isString = (index: number): boolean => (tokens[index]?.length ?? 0) > 1 && tokens[index]?.[0] === '"';
  const isLineBreak = (index: number): boolean => isSpace(index) && /[\r\n]/.test(tokens[index] ?? "");

  return tokens
    .map((piece, index) => {
      const following = next(index);
      if (piece === ",") return /^[}\]]$/.test(tokens[following] ?? "") ? "" : piece;
      const needsComma =
        isString(index) && isLineBreak(index + 1) && isString(following) && tokens[next(following)] === ":";
      return needsComma ? `${piece},` : piece;
    })
    .join("");
}
