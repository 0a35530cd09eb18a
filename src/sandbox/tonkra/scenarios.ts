import { behaviourLookup } from "../scenarios.ts";
import { usualBehaviour } from "./behaviour.ts";
import { ownScenarios, type TonkraScenario } from "./own-scenarios.ts";

export type { TonkraScenario };

export const tonkraScenarios: readonly TonkraScenario[] = [
  {
    suffix: "000",
    name: "delivered",
    description:
      "Answers `Delivered` at once, as for every accepted message; views say `Sent`, then `Delivered`. So does every number not listed here.",
    expected: "DELIVERED",
    behaviour: {},
  },
  {
    suffix: "001",
    name: "undelivered",
    description: "Views say `Sent`, then `Undelivered`.",
    expected: "UNDELIVERED",
    behaviour: { reports: ["Undelivered"] },
  },
  {
    suffix: "002",
    name: "expired",
    description: "Views say `Sent`, then `Expired`.",
    expected: "EXPIRED",
    behaviour: { reports: ["Expired"] },
  },
  {
    suffix: "003",
    name: "rejected by carrier",
    description: "Views say `Sent`, then `Rejected`.",
    expected: "REJECTED",
    behaviour: { reports: ["Rejected"] },
  },
  {
    suffix: "004",
    name: "unknown",
    description: "Views say `Sent`, then `Unknown`, and nothing more.",
    expected: "UNKNOWN",
    behaviour: { reports: ["Unknown"] },
  },
  {
    suffix: "005",
    name: "never reported",
    description: "Accepts; views say `Sent` for good.",
    expected: "SENT",
    behaviour: { reports: [] },
  },
  {
    suffix: "009",
    name: "hangs after accept",
    description: "Accepts, and never answers the request. It must not be sent again; the list has it.",
    expected: "DELIVERED",
    behaviour: { answer: "hang" },
  },
  {
    suffix: "010",
    name: "throttled once",
    description:
      "Answers 429 with `Retry-After: 1` to the first attempt (counted by number and text), accepts the second.",
    expected: "DELIVERED",
    behaviour: { answer: "throttledOnce" },
  },
  {
    suffix: "011",
    name: "server error, not accepted",
    description:
      "Answers 500 and keeps nothing. Looks like 012: no proof either way, so it is not sent again; `UNKNOWN` after a day.",
    expected: "OUTCOME_UNKNOWN",
    behaviour: { answer: "serverError", stored: false },
  },
  {
    suffix: "012",
    name: "server error, yet accepted",
    description: "Answers 500, but has accepted. It must not be sent again; the list has it.",
    expected: "DELIVERED",
    behaviour: { answer: "serverError" },
  },
  {
    suffix: "013",
    name: "no rate",
    description: "Answers 403: the region of the number is not enabled.",
    expected: "REJECTED",
    behaviour: { refusal: "noCoverage" },
  },
  {
    suffix: "014",
    name: "number unknown",
    description: "Answers 403: the number is not a phone number.",
    expected: "REJECTED",
    behaviour: { refusal: "invalidNumber" },
  },
  {
    suffix: "015",
    name: "malformed answer",
    description: "Accepts; the answer has the commas too many that the vendor's documentation prints.",
    expected: "DELIVERED",
    behaviour: { answer: "sloppy" },
  },
  {
    suffix: "016",
    name: "unknown, then delivered",
    description: "Views say `Sent`, `Unknown`, and later `Delivered`.",
    expected: "DELIVERED",
    behaviour: { reports: ["Unknown", "Delivered"] },
  },
  {
    suffix: "018",
    name: "unsuccessful 200",
    description:
      "Answers 200 with `status: error` and keeps nothing. The text does not say why; the token is right.",
    expected: "REJECTED",
    behaviour: { answer: "unsuccessful", stored: false },
  },
  {
    suffix: "019",
    name: "unreadable 200",
    description:
      "Accepts, but answers 200 with an HTML page and no uid. It must not be sent again; the list has it.",
    expected: "DELIVERED",
    behaviour: { answer: "html" },
  },
  {
    suffix: "023",
    name: "reset after accept",
    description: "Accepts, but resets the connection unanswered. It must not be sent again; the list has it.",
    expected: "DELIVERED",
    behaviour: { answer: "reset" },
  },
  {
    suffix: "024",
    name: "slow operator",
    description: "Views say `Delivered` only after about ten seconds.",
    expected: "DELIVERED",
    behaviour: { slowness: 12.5 },
  },
  ...ownScenarios,
];

/** How the sandbox treats a message to this number. */
export const behaviourFor = behaviourLookup(tonkraScenarios, usualBehaviour);
