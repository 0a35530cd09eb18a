import { behaviourLookup, type Scenario } from "../scenarios.ts";
import { usualBehaviour, type TikosmsBehaviour } from "./behaviour.ts";

type TikosmsScenario = Scenario<TikosmsBehaviour>;

export const tikosmsScenarios: readonly TikosmsScenario[] = [
  {
    suffix: "000",
    name: "delivered",
    description: "Accepts, reports `SENT`, then `DELIVRD`. So does every number not listed here.",
    expected: "DELIVERED",
    behaviour: {},
  },
  {
    suffix: "001",
    name: "undelivered",
    description: "Reports `SENT`, then `UNDELIV`.",
    expected: "UNDELIVERED",
    behaviour: { finals: ["UNDELIV"] },
  },
  {
    suffix: "002",
    name: "expired",
    description: "Reports `SENT`, then `EXPIRED`.",
    expected: "EXPIRED",
    behaviour: { finals: ["EXPIRED"] },
  },
  {
    suffix: "003",
    name: "rejected by carrier",
    description: "Reports `SENT`, then `REJECTD`.",
    expected: "REJECTED",
    behaviour: { finals: ["REJECTD"] },
  },
  {
    suffix: "004",
    name: "unknown",
    description: "Reports `SENT`, then `UNKNOWN`, and nothing more.",
    expected: "UNKNOWN",
    behaviour: { finals: ["UNKNOWN"] },
  },
  {
    suffix: "005",
    name: "never reported",
    description:
      "Accepts and posts no callback, ever; look-ups say `SENT` for good. The first look-up is a minute later.",
    expected: "SENT",
    behaviour: { finals: [], callbacks: "withheld" },
  },
  {
    suffix: "006",
    name: "callback before response",
    description: "Posts the create callback and waits for its answer before it answers the request.",
    expected: "DELIVERED",
    behaviour: { createBeforeAnswer: true },
  },
  {
    suffix: "007",
    name: "duplicates",
    description: "Posts each callback three times.",
    expected: "DELIVERED",
    behaviour: { copies: 3 },
  },
  {
    suffix: "008",
    name: "reordered",
    description: "Posts the update before the create.",
    expected: "DELIVERED",
    behaviour: { order: "updateFirst" },
  },
  {
    suffix: "009",
    name: "hangs after accept",
    description: "Accepts, posts its callbacks, and never answers the request. It must not be sent again.",
    expected: "DELIVERED",
    behaviour: { answer: "hang" },
  },
  {
    suffix: "010",
    name: "throttled once",
    description:
      "Answers 429 with `Retry-After: 1` to the first attempt (counted by `client_ref`, or by number without one), accepts the second.",
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
    description: "Answers 500, but has accepted and posts its callbacks. It must not be sent again.",
    expected: "DELIVERED",
    behaviour: { answer: "serverError" },
  },
  {
    suffix: "013",
    name: "no rate",
    description: "Answers 403: no rate for the destination.",
    expected: "REJECTED",
    behaviour: { refusal: "noRate" },
  },
  {
    suffix: "014",
    name: "number unknown",
    description: "Answers 422: the number is in no country.",
    expected: "REJECTED",
    behaviour: { refusal: "unknownNumber" },
  },
  {
    suffix: "015",
    name: "malformed create",
    description:
      "Prints the create callback as the vendor's documentation does (a comma missing, one too many), then a valid update.",
    expected: "DELIVERED",
    behaviour: { literalCreate: true },
  },
  {
    suffix: "016",
    name: "unknown, then delivered",
    description: "Reports `SENT`, `UNKNOWN`, and later `DELIVRD`.",
    expected: "DELIVERED",
    behaviour: { finals: ["UNKNOWN", "DELIVRD"] },
  },
  {
    suffix: "017",
    name: "callbacks lost",
    description:
      "Posts no callback; look-ups say `DELIVRD` once it would have been posted. The first look-up is a minute later.",
    expected: "DELIVERED",
    behaviour: { callbacks: "withheld" },
  },
  {
    suffix: "018",
    name: "unsuccessful 200",
    description: "Answers 200 with `success: false` and keeps nothing.",
    expected: "REJECTED",
    behaviour: { answer: "unsuccessful", stored: false },
  },
  {
    suffix: "019",
    name: "unreadable 200",
    description: "Accepts, but answers 200 with an HTML page and no ids. It must not be sent again.",
    expected: "DELIVERED",
    behaviour: { answer: "html" },
  },
  {
    suffix: "020",
    name: "part by part",
    description:
      "Reports the parts one after the other, the last one first; every part arrives. Send a text of several parts.",
    expected: "DELIVERED",
    behaviour: { order: "partByPart" },
  },
  {
    suffix: "021",
    name: "one part fails",
    description:
      "Reports `UNDELIV` for the last part and `DELIVRD` for the others. Send a text of several parts.",
    expected: "UNDELIVERED",
    behaviour: { lastPartFails: true },
  },
  {
    suffix: "022",
    name: "contradicting finals",
    description: "Reports `DELIVRD`, and later `UNDELIV`. The first final status stands.",
    expected: "DELIVERED",
    behaviour: { finals: ["DELIVRD", "UNDELIV"] },
  },
  {
    suffix: "023",
    name: "reset after accept",
    description:
      "Accepts, posts its callbacks, but resets the connection unanswered. It must not be sent again.",
    expected: "DELIVERED",
    behaviour: { answer: "reset" },
  },
  {
    suffix: "024",
    name: "slow operator",
    description: "Reports `DELIVRD` only after about ten seconds.",
    expected: "DELIVERED",
    behaviour: { slowness: 12.5 },
  },
];

/** How the sandbox treats a message to this number. */
export const behaviourFor = behaviourLookup(tikosmsScenarios, usualBehaviour);
