import { printXml } from "../xml.ts";
import type { Report } from "./state.ts";

/** The vendor's two formats. Each field is written as in its documentation, or that of the platform. */

export const formats = ["application/json", "application/xml"] as const;
export type Format = (typeof formats)[number];

/** The content of an answer, a report or an error, independent of the format. */
type Content = Readonly<Record<string, unknown>>;

/** `2015-02-12T09:58:20.323+0100`; the sandbox writes UTC. */
const printTime = (time: number, colon: boolean) =>
  new Date(time).toISOString().replace("Z", colon ? "+00:00" : "+0000");

const networks = [
  { callingCode: "233", mccMnc: "62001" },
  { callingCode: "421", mccMnc: "23101" },
  { callingCode: "", mccMnc: "90101" },
];

const mccMncOf = (to: string) => networks.find(({ callingCode }) => to.startsWith(callingCode))?.mccMnc;

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

export function printReports(format: Format, reports: readonly Report[]): string {
  const results = reports.flatMap((report) => {
    const badRow = { to: report.message.to, status: "DELIVERED" };
    return report.message.behaviour.form.besideBadRow ? [badRow, reportRow(report)] : [reportRow(report)];
  });
  if (format === "application/json") return JSON.stringify({ results });
  const isNested = reports.some(({ message }) => message.behaviour.form.nested);
  return printXml("SMSReportResponse", isNested ? { results: { results } } : { results });
}

/** Like the platform's logs: `mccmnc` in lower case, and in XML one more list around the rows. */
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
