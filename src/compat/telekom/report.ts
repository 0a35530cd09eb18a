import { callback } from "../../wire/telekom/rows.ts";
import { isEnd, type ReportForm } from "../reports/form.ts";
import { callbackWordOf } from "./facts.ts";

/** The callbacks of Telekom SK, to the address of the API key. */
export const report: ReportForm = {
  tells: ({ status }) => isEnd(status) || status === "SUBMITTED" || status === "SENT" || status === "UNKNOWN",
  ofEachPart: false,
  userAgent: "SMSDirect-Callback/1.0",
  body({ status, occurredAt }, message) {
    const facts = { id: Number(message.vendorId), channel: "sms", parts: message.segments } as const;
    const body = callback(facts, callbackWordOf(status), occurredAt.getTime());
    return { body: JSON.stringify(body), contentType: "application/json" };
  },
  isTaken: (answered) => answered === 200,
};
