import { formats, printReports, reportRow } from "../../wire/qikli/rows.ts";
import { isEnd, type ReportForm } from "../reports/form.ts";
import { reportFacts } from "./facts.ts";

/** A report at the end of each message, and before it for those that ask for one. */
export const report: ReportForm = {
  tells: ({ status, details }) =>
    isEnd(status) || (status === "SENT" && details?.["intermediateReport"] === true),
  ofEachPart: false,
  userAgent: "Qikli-Reports/1.0",
  body({ status, occurredAt }, message) {
    const wanted = message.details?.["notifyContentType"];
    const format = formats.find((one) => one === wanted) ?? "application/json";
    const row = reportRow(reportFacts(message, status, occurredAt));
    return { body: printReports(format, [row]), contentType: format };
  },
  isTaken: (answered) => answered >= 200 && answered < 300,
};
