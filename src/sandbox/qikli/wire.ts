import { printXml } from "../xml.ts";
import type { Report } from "./state.ts";

/** The vendor's two formats, each field as its documentation, or that of the platform, prints it. */

export const formats = ["application/json", "application/xml"] as const;
export type Format = (typeof formats)[number];

/** What an answer, a report or an error is, before it is printed. */
type Content = Readonly<Record<string, unknown>>;

/** `2015-02-12T09:58:20.323+0100`; the sandbox means UTC. */
const printTime = (time: number, colon: boolean) =>
  new Date(time).toISOString().replace("Z", colon ? "+00:00" : "+0000");

const networks = [
  { callingCode: "233", mccMnc: "62001" },
  { callingCode: "421", mccMnc: "23101" },
  { callingCode: "", mccMnc: "90101" },
];

const mccMncOf = (to: string) => networks.find(({ callingCode }) => to.startsWith(callingCode))?.mccMnc;

/** The platform's error, the same under every HTTP status. */
export function printError(format: Format, word: string, text: string, validationErrors?: Content): string {
  const serviceException = { messageId: word, text, ...(validationErrors && { validationErrors }) };
  if (format === "application/json") return JSON.stringify({ requestError: { serviceException } });
  // Field names such as `messages[0].text` are no names for elements.
  const plain = { messageId: word, text: validationErrors ? `${text}: ${list(validationErrors)}` : text };
  return printXml("requestError", { serviceException: plain });
}

const list = (errors: Content) => Object.entries(errors).flat(2).join(" ");

/** XML repeats the name of the list for its rows, as older versions of the platform do. */
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

export function printReports(format: Format, reports: readonly Report[]): string {
  const results = reports.flatMap((report) => {
    const badRow = { to: report.message.to, status: "DELIVERED" };
    return report.message.behaviour.form.besideBadRow ? [badRow, reportRow(report)] : [reportRow(report)];
  });
  if (format === "application/json") return JSON.stringify({ results });
  const isNested = reports.some(({ message }) => message.behaviour.form.nested);
  return printXml("SMSReportResponse", isNested ? { results: { results } } : { results });
}

/** `mccmnc` in small letters, and the rows in one more list in XML: so are the logs of the platform. */
export function printLogs(format: Format, reports: readonly Report[]): string {
  const results = reports.map((report) => {
    const { mccMnc: mccmnc, ...row } = reportRow(report);
    return { ...row, mccmnc, from: report.message.from, text: report.message.text };
  });
  return format === "application/json"
    ? JSON.stringify({ results })
    : printXml("SMSLogsResponse", { results: { results } });
}

function reportRow({ message, status, error, doneAt }: Report) {
  const { form } = message.behaviour;
  const isRejected = status.groupName === "REJECTED";
  return {
    ...(!form.sparse && { bulkId: message.bulkId }),
    messageId: message.id,
    to: message.to,
    sentAt: printTime(message.sentAt, form.colon),
    doneAt: printTime(doneAt, form.colon),
    ...(!form.sparse && { smsCount: message.parts, mccMnc: mccMncOf(message.to) }),
    ...(message.callbackData !== undefined && { callbackData: message.callbackData }),
    price: { pricePerMessage: isRejected ? 0 : 0.01, currency: "EUR" },
    status,
    ...(form.error && { error }),
  };
}
