import { printXml } from "../xml.ts";
import type { QikliError, QikliStatus } from "./statuses.ts";

/** The vendor's two formats. Each field is written as in its documentation, or that of the platform. */

export const formats = ["application/json", "application/xml"] as const;
export type Format = (typeof formats)[number];

/** The content of an answer, a report or an error, independent of the format. */
type Content = Readonly<Record<string, unknown>>;

/** `2015-02-12T09:58:20.323+0100`; the sandbox writes UTC. */
const printTime = (time: number, colon: boolean) =>
  new Date(time).toISOString().replace("Z", colon ? "+00:00" : "+0000");

/** The platform's error, the same for every HTTP status. */
export function printError(format: Format, word: string, text: string, validationErrors?: Content): string {
  const serviceException = { messageId: word, text, ...(validationErrors && { validationErrors }) };
  if (format === "application/json") return JSON.stringify({ requestError: { serviceException } });
  // Field names such as `messages[0].text` cannot be element names.
  const plain = { messageId: word, text: validationErrors ? `${text}: ${list(validationErrors)}` : text };
  return printXml("requestError", { serviceException: plain });
}

const list = (errors: Content) => Object.entries(errors).flat(2).join(" ");

/** In XML the rows repeat the name of the list, as in older versions of the platform. */
export function printVerdicts(
  format: Format,
  bulkId: string | undefined,
  verdicts: readonly Content[],
): string {
  const head = bulkId === undefined ? {} : { bulkId };
  return format === "application/json"
    ? JSON.stringify({ ...head, messages: verdicts })
    : printXml("SMSResponse", { ...head, messages: { messages: verdicts } });
}

export interface ReportFacts {
  bulkId: string;
  messageId: string;
  to: string;
  sentAt: number;
  doneAt: number;
  parts: number;
  mccMnc: string | undefined;
  callbackData: string | undefined;
  price: { pricePerMessage: number; currency: string };
  status: QikliStatus;
  error: QikliError;
}

/** `colon`: `+00:00` instead of `+0000`. */
export function reportRow(report: ReportFacts, colon = false) {
  const { bulkId, messageId, to, sentAt, doneAt, parts, mccMnc, callbackData, price, status, error } = report;
  return {
    bulkId,
    messageId,
    to,
    sentAt: printTime(sentAt, colon),
    doneAt: printTime(doneAt, colon),
    smsCount: parts,
    mccMnc,
    ...(callbackData !== undefined && { callbackData }),
    price,
    status,
    error,
  };
}

/** `isNested`: in XML, with one more `results` element around the rows. */
export function printReports(format: Format, results: readonly object[], isNested = false): string {
  if (format === "application/json") return JSON.stringify({ results });
  return printXml("SMSReportResponse", isNested ? { results: { results } } : { results });
}

/** Like the platform's logs: `mccmnc` in lower case, and in XML one more list around the rows. */
export function printLogs(format: Format, results: readonly object[]): string {
  return format === "application/json"
    ? JSON.stringify({ results })
    : printXml("SMSLogsResponse", { results: { results } });
}
