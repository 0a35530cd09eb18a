import { createCallback, updateCallback, type PartReport } from "../../wire/tikosms/rows.ts";
import { isEnd, type ReportForm } from "../reports/form.ts";
import { factsOf, wordOf } from "./facts.ts";

/** The two callbacks of TikoSMS: `create` once a provider has the message, `update` at its end; for each part. */
export const report: ReportForm = {
  tells: ({ status, wasSubmitted }) =>
    isEnd(status) || status === "UNKNOWN" || (isCreation(status) && !wasSubmitted),
  ofEachPart: true,
  userAgent: "TikoSMS-Callback/1.0",
  body({ status, part, parts, occurredAt }, message) {
    const facts = factsOf(message);
    const told: PartReport = { message: facts, part, parts, status: wordOf(status) };
    const callback = isCreation(status) ? createCallback(told) : updateCallback(told, occurredAt.getTime());
    return { body: JSON.stringify(callback), contentType: "application/json" };
  },
  isTaken: (answered) => answered === 200,
};

const isCreation = (status: string): boolean => status === "SUBMITTED" || status === "SENT";
