import type { Scenario } from "../scenarios.ts";
import type { QikliBehaviour } from "./behaviour.ts";

/** Scenarios that other vendors have under the same suffix. */
export const commonScenarios: readonly Scenario<QikliBehaviour>[] = [
  {
    suffix: "000",
    name: "delivered",
    description: "Accepts, reports `DELIVERED_TO_HANDSET`. So does every number not listed here.",
    expected: "DELIVERED",
    behaviour: {},
  },
  {
    suffix: "001",
    name: "undelivered",
    description: "Reports `UNDELIVERABLE_NOT_DELIVERED`, with error 27, absent subscriber.",
    expected: "UNDELIVERED",
    behaviour: { reports: [{ status: "notDelivered", error: "absentSubscriber" }] },
  },
  {
    suffix: "002",
    name: "expired",
    description: "Reports `EXPIRED_EXPIRED`.",
    expected: "EXPIRED",
    behaviour: { reports: [{ status: "expired" }] },
  },
  {
    suffix: "003",
    name: "rejected by carrier",
    description: "Reports `UNDELIVERABLE_REJECTED_OPERATOR`.",
    expected: "REJECTED",
    behaviour: { reports: [{ status: "rejectedByOperator" }] },
  },
  {
    suffix: "004",
    name: "unknown",
    description: "Reports `HELD_SOMEWHERE`, in a group of its own that no document has, and nothing more.",
    expected: "UNKNOWN",
    behaviour: { reports: [{ status: "unheardOf" }] },
  },
  {
    suffix: "005",
    name: "never reported",
    description: "Accepts and reports nothing, ever.",
    expected: "SUBMITTED",
    behaviour: { reports: [] },
  },
  {
    suffix: "006",
    name: "callback before response",
    description: "Pushes its report and waits for the answer before it answers the request.",
    expected: "DELIVERED",
    behaviour: { reportBeforeAnswer: true },
  },
  {
    suffix: "007",
    name: "duplicates",
    description: "Pushes its report three times.",
    expected: "DELIVERED",
    behaviour: { copies: 3 },
  },
  {
    suffix: "008",
    name: "reordered",
    description: "Reports `DELIVERED_TO_HANDSET`, and after it `PENDING_ENROUTE`.",
    expected: "DELIVERED",
    behaviour: { reports: [{ status: "deliveredToHandset" }, { status: "enroute" }] },
  },
  {
    suffix: "009",
    name: "hangs after accept",
    description:
      "Accepts, reports, and never answers the request. Sent again, it is a duplicate (status 23).",
    expected: "DELIVERED",
    behaviour: { answer: "hang" },
  },
  {
    suffix: "010",
    name: "throttled once",
    description:
      "Answers 429 with `Retry-After: 1` to the first attempt (counted by message id), accepts the second.",
    expected: "DELIVERED",
    behaviour: { answer: "throttledOnce" },
  },
  {
    suffix: "011",
    name: "server error, not accepted",
    description: "Answers 500 and keeps nothing, however often it is sent. No proof either way.",
    expected: "OUTCOME_UNKNOWN",
    behaviour: { answer: "serverError", stored: false },
  },
  {
    suffix: "012",
    name: "server error, yet accepted",
    description: "Answers 500, but has accepted and reports. Sent again, it is a duplicate (status 23).",
    expected: "DELIVERED",
    behaviour: { answer: "serverError" },
  },
  {
    suffix: "013",
    name: "no rate",
    description: "Answers 200 with the verdict `REJECTED_ROUTE_NOT_AVAILABLE`.",
    expected: "REJECTED",
    behaviour: { verdict: "noRoute" },
  },
  {
    suffix: "014",
    name: "number unknown",
    description: "Answers 200 with the verdict `REJECTED_PREFIX_MISSING`.",
    expected: "REJECTED",
    behaviour: { verdict: "prefixMissing" },
  },
  {
    suffix: "016",
    name: "unknown, then delivered",
    description: "Reports `HELD_SOMEWHERE`, and later `DELIVERED_TO_HANDSET`.",
    expected: "DELIVERED",
    behaviour: { reports: [{ status: "unheardOf" }, { status: "deliveredToHandset" }] },
  },
  {
    suffix: "017",
    name: "callbacks lost",
    description: "Pushes nothing; the report waits to be pulled.",
    expected: "DELIVERED",
    behaviour: { road: "pull" },
  },
  {
    suffix: "018",
    name: "unsuccessful 200",
    description: "Answers 200 with a `requestError` and keeps nothing.",
    expected: "REJECTED",
    behaviour: { answer: "errorIn200", stored: false },
  },
  {
    suffix: "019",
    name: "unreadable 200",
    description: "Accepts, but answers 200 with an HTML page. Sent again, it is a duplicate (status 23).",
    expected: "DELIVERED",
    behaviour: { answer: "html" },
  },
  {
    suffix: "022",
    name: "contradicting finals",
    description:
      "Reports `DELIVERED_TO_HANDSET`, and later `UNDELIVERABLE_NOT_DELIVERED`. The first final status stands.",
    expected: "DELIVERED",
    behaviour: { reports: [{ status: "deliveredToHandset" }, { status: "notDelivered" }] },
  },
  {
    suffix: "023",
    name: "reset after accept",
    description:
      "Accepts, reports, but resets the connection unanswered. Sent again, it is a duplicate (status 23).",
    expected: "DELIVERED",
    behaviour: { answer: "reset" },
  },
  {
    suffix: "024",
    name: "slow operator",
    description: "Reports `DELIVERED_TO_HANDSET` only after about ten seconds.",
    expected: "DELIVERED",
    behaviour: { slowness: 12.5 },
  },
];
