import type { Scenario } from "../scenarios.ts";
import { formed, type QikliBehaviour } from "./behaviour.ts";

/** Scenarios that only this vendor has. */
export const ownScenarios: readonly Scenario<QikliBehaviour>[] = [
  {
    suffix: "030",
    name: "operator, then handset",
    description:
      "Reports `DELIVERED_TO_OPERATOR` (not final, though of group `DELIVERED`), then `DELIVERED_TO_HANDSET`.",
    expected: "DELIVERED",
    behaviour: { reports: [{ status: "deliveredToOperator" }, { status: "deliveredToHandset" }] },
  },
  {
    suffix: "031",
    name: "operator only",
    description: "Reports `DELIVERED_TO_OPERATOR`, and nothing more.",
    expected: "SENT",
    behaviour: { reports: [{ status: "deliveredToOperator" }] },
  },
  {
    suffix: "032",
    name: "accepted, older words",
    description: "Accepts with status 0 of group 0, `ACCEPTED`.",
    expected: "DELIVERED",
    behaviour: { verdict: "acceptedOld" },
  },
  {
    suffix: "033",
    name: "accepted, newer words",
    description: "Accepts with status 26, `PENDING_ACCEPTED`.",
    expected: "DELIVERED",
    behaviour: { verdict: "acceptedNew" },
  },
  {
    suffix: "034",
    name: "accepted on its way",
    description: "Accepts with status 7, `PENDING_ENROUTE`.",
    expected: "DELIVERED",
    behaviour: { verdict: "enroute" },
  },
  {
    suffix: "035",
    name: "no error object",
    description: "Reports `UNDELIVERABLE_NOT_DELIVERED` without an `error`.",
    expected: "UNDELIVERED",
    behaviour: { reports: [{ status: "notDelivered" }], ...formed({ error: false }) },
  },
  {
    suffix: "036",
    name: "offset with colon",
    description: "Prints the offsets of its times as `+00:00` instead of `+0000`.",
    expected: "DELIVERED",
    behaviour: formed({ colon: true }),
  },
  {
    suffix: "037",
    name: "sparse",
    description: "Leaves out `bulkId`, `smsCount` and `mccMnc`.",
    expected: "DELIVERED",
    behaviour: formed({ sparse: true }),
  },
  {
    suffix: "038",
    name: "nested list",
    description: "Lists its reports in XML in one more `results`.",
    expected: "DELIVERED",
    behaviour: formed({ nested: true }),
  },
  {
    suffix: "039",
    name: "beside a bad row",
    description: "Its report comes in one batch with a row that has neither a message id nor a status.",
    expected: "DELIVERED",
    behaviour: formed({ besideBadRow: true }),
  },
  {
    suffix: "040",
    name: "pushed and pulled",
    description: "Pushes its report, which can be pulled all the same.",
    expected: "DELIVERED",
    behaviour: { road: "both" },
  },
  {
    suffix: "041",
    name: "lost on the way",
    description:
      "Pushes nothing, and resets the connection when the report is pulled. Only the logs still have it.",
    expected: "SUBMITTED",
    behaviour: { road: "pull", lostOnPull: true },
  },
  {
    suffix: "042",
    name: "no verdict",
    description:
      "Accepts, but answers 200 without a row for the message. Sent again, it is a duplicate (status 23).",
    expected: "DELIVERED",
    behaviour: { answer: "withoutVerdict" },
  },
  {
    suffix: "043",
    name: "report of a duplicate",
    description:
      "Reports `REJECTED_DUPLICATE_MESSAGE_ID` of a second message with its id, then `DELIVERED_TO_HANDSET`.",
    expected: "DELIVERED",
    behaviour: { reports: [{ status: "duplicate" }, { status: "deliveredToHandset" }] },
  },
  {
    suffix: "044",
    name: "no credit once",
    description:
      "Answers 200 with the verdict `REJECTED_NOT_ENOUGH_CREDITS` to the first attempt, accepts the second. Until then the provider's other messages wait too.",
    expected: "DELIVERED",
    behaviour: { verdict: "noCredit" },
  },
  {
    suffix: "045",
    name: "flooding",
    description: "Answers 200 with the verdict `REJECTED_FLOODING_FILTER`.",
    expected: "REJECTED",
    behaviour: { verdict: "flooding" },
  },
  {
    suffix: "046",
    name: "sender refused",
    description: "Answers 200 with the verdict `REJECTED_SENDER`.",
    expected: "REJECTED",
    behaviour: { verdict: "sender" },
  },
  {
    suffix: "047",
    name: "system error",
    description: "Answers 200 with the verdict `REJECTED_SYSTEM_ERROR`.",
    expected: "FAILED",
    behaviour: { verdict: "systemError" },
  },
  {
    suffix: "048",
    name: "bad request",
    description: "Answers 400 with `BAD_REQUEST` and keeps nothing.",
    expected: "REJECTED",
    behaviour: { answer: "badRequest", stored: false },
  },
  {
    suffix: "049",
    name: "forbidden",
    description: "Answers 403 and keeps nothing.",
    expected: "FAILED",
    behaviour: { answer: "forbidden", stored: false },
  },
  {
    suffix: "050",
    name: "cancelled",
    description: "Reports `UNDELIVERABLE_NOT_DELIVERED` with error 4100, message cancelled.",
    expected: "CANCELLED",
    behaviour: { reports: [{ status: "notDelivered", error: "cancelled" }] },
  },
  {
    suffix: "051",
    name: "validity over",
    description: "Reports `UNDELIVERABLE_NOT_DELIVERED` with error 4101, validity period expired.",
    expected: "EXPIRED",
    behaviour: { reports: [{ status: "notDelivered", error: "validityExpired" }] },
  },
];
