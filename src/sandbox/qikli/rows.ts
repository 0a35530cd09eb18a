import { type Format, printLogs, printReports, reportRow } from "../../wire/qikli/rows.ts";
import type { Report } from "./state.ts";

const networks = [
  { callingCode: "233", mccMnc: "62001" },
  { callingCode: "421", mccMnc: "23101" },
  { callingCode: "", mccMnc: "90101" },
];

const mccMncOf = (to: string) => networks.find(({ callingCode }) => to.startsWith(callingCode))?.mccMnc;

export function reportsBody(format: Format, reports: readonly Report[]): string {
  const results = reports.flatMap((report) => {
    const badRow = { to: report.message.to, status: "DELIVERED" };
    return report.message.behaviour.form.besideBadRow ? [badRow, rowOf(report)] : [rowOf(report)];
  });
  const isNested = reports.some(({ message }) => message.behaviour.form.nested);
  return printReports(format, results, isNested);
}

export function logsBody(format: Format, reports: readonly Report[]): string {
  const results = reports.map((report) => {
    const { mccMnc: mccmnc, ...row } = rowOf(report);
    return { ...row, mccmnc, from: report.message.from, text: report.message.text };
  });
  return printLogs(format, results);
}

function rowOf({ message, status, error, doneAt }: Report): Partial<ReturnType<typeof reportRow>> {
  const { form } = message.behaviour;
  const {
    bulkId,
    smsCount,
    mccMnc,
    error: printed,
    ...row
  } = reportRow(
    {
      ...message,
      messageId: message.id,
      doneAt,
      mccMnc: mccMncOf(message.to),
      price: { pricePerMessage: status.groupName === "REJECTED" ? 0 : 0.01, currency: "EUR" },
      status,
      error,
    },
    form.colon,
  );
  const full = form.sparse ? row : { bulkId, ...row, smsCount, mccMnc };
  return form.error ? { ...full, error: printed } : full;
}
