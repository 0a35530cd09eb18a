import { behaviourLookup, type Scenario } from "../scenarios.ts";
import { usualBehaviour, type TelekomBehaviour } from "./behaviour.ts";

type TelekomScenario = Scenario<TelekomBehaviour>;

type Row = readonly [
  suffix: string,
  name: string,
  expected: TelekomScenario["expected"],
  behaviour: Partial<TelekomBehaviour>,
  description: string,
];

/** Messages have no client reference, so a message whose answer is lost cannot be found again. */
const lost = "Nothing can tell the client which message it was. It must not be sent again.";

const rows: readonly Row[] = [
  [
    "000",
    "delivered",
    "DELIVERED",
    {},
    "Reports `SENT`, then `DELIVERED`. So does every number not listed here.",
  ],
  [
    "001",
    "undelivered",
    "UNDELIVERED",
    { words: ["SENT", "UNDELIVERABLE"] },
    "Reports `SENT`, then `UNDELIVERABLE`.",
  ],
  ["002", "expired", "EXPIRED", { words: ["SENT", "EXPIRED"] }, "Reports `SENT`, then `EXPIRED`."],
  ["003", "rejected by carrier", "REJECTED", { words: ["SENT", "DENIED"] }, "Reports `SENT`, then `DENIED`."],
  [
    "004",
    "unknown",
    "UNKNOWN",
    { words: ["SENT", "UNKNOWN"] },
    "Reports `SENT`, then `UNKNOWN`, and nothing more.",
  ],
  [
    "005",
    "never reported",
    "SENT",
    { words: ["SENT"], callbacks: "withheld" },
    "Accepts and posts no callback, ever; look-ups say `SENT` for good.",
  ],
  [
    "006",
    "callback before response",
    "DELIVERED",
    { callbackBeforeAnswer: true },
    "Posts the first callback and waits for its answer before it answers the request.",
  ],
  ["007", "duplicates", "DELIVERED", { copies: 3 }, "Posts each callback three times."],
  ["008", "reordered", "DELIVERED", { reversed: true }, "Posts `DELIVERED` before `SENT`."],
  [
    "009",
    "hangs after accept",
    "OUTCOME_UNKNOWN",
    { answer: "hang" },
    `Accepts, posts its callbacks, and never answers the request. ${lost}`,
  ],
  [
    "010",
    "throttled once",
    "DELIVERED",
    { answer: "throttledOnce" },
    "Answers 429 in plain text with `Retry-After: 1` to the first attempt (counted by number and text), accepts the second.",
  ],
  [
    "011",
    "server error, not accepted",
    "OUTCOME_UNKNOWN",
    { answer: "serverError", stored: false },
    "Answers 500 and keeps nothing. Looks like 012: no proof of anything.",
  ],
  [
    "012",
    "server error, yet accepted",
    "OUTCOME_UNKNOWN",
    { answer: "serverError" },
    `Answers 500, but has accepted and posts its callbacks. ${lost}`,
  ],
  [
    "014",
    "number unknown",
    "REJECTED",
    { isRefused: true },
    "Answers with success, but refuses the recipient: its entry says `INCORRECT_RECIPIENT_ADDRESS`.",
  ],
  [
    "015",
    "malformed callback",
    "DELIVERED",
    { printing: "literal" },
    "Prints the callbacks as the vendor's documentation does, with a comma too many.",
  ],
  [
    "016",
    "unknown, then delivered",
    "DELIVERED",
    { words: ["SENT", "UNKNOWN", "DELIVERED"] },
    "Reports `SENT`, `UNKNOWN`, and later `DELIVERED`.",
  ],
  [
    "017",
    "callbacks lost",
    "DELIVERED",
    { callbacks: "withheld" },
    "Posts no callback; look-ups say `DELIVERED` once it would have been posted.",
  ],
  [
    "018",
    "unsuccessful 200",
    "REJECTED",
    { answer: "refused", stored: false },
    "Answers 200 with the error `TEXT_NUMBER_NOT_ALLOWED` and keeps nothing.",
  ],
  [
    "019",
    "unreadable 200",
    "OUTCOME_UNKNOWN",
    { answer: "html" },
    `Accepts, but answers 200 with an HTML page and no ids. ${lost}`,
  ],
  [
    "022",
    "contradicting finals",
    "DELIVERED",
    { words: ["SENT", "DELIVERED", "UNDELIVERABLE"] },
    "Reports `DELIVERED`, and later `UNDELIVERABLE`. The first final status stands.",
  ],
  [
    "023",
    "reset after accept",
    "OUTCOME_UNKNOWN",
    { answer: "reset" },
    `Accepts, posts its callbacks, but resets the connection unanswered. ${lost}`,
  ],
  [
    "024",
    "slow operator",
    "DELIVERED",
    { slowness: 12.5 },
    "Reports `DELIVERED` only after about ten seconds.",
  ],
  [
    "030",
    "error, then delivered",
    "DELIVERED",
    { words: ["ERROR", "SENDING", "SENT", "DELIVERED"] },
    "Reports `ERROR`, which is not final, then `SENDING`, `SENT` and `DELIVERED`.",
  ],
  [
    "031",
    "read",
    "READ",
    { words: ["SENT", "DELIVERED", "READ"] },
    "Reports `SENT`, `DELIVERED`, and later `READ`, which the table of callbacks lacks.",
  ],
  [
    "032",
    "deleted",
    "CANCELLED",
    { words: ["DELETED"] },
    "Reports `DELETED`, which the table of callbacks lacks: removed from the queue.",
  ],
  [
    "033",
    "session lost",
    "DELIVERED",
    { answer: "sessionLostOnce" },
    "Ends the session of the first attempt (counted by number and text) with `SESSION_NOT_FOUND`; accepts a token.",
  ],
  [
    "034",
    "miscounted",
    "DELIVERED",
    { answer: "miscounted" },
    "Answers as the documentation's last example does: the count says one message more than there is.",
  ],
  [
    "035",
    "in Slovak",
    "DELIVERED",
    { callbacks: "withheld", slovak: true },
    "Posts no callback; look-ups have their labels in Slovak.",
  ],
  [
    "036",
    "id as text",
    "DELIVERED",
    { printing: "textId" },
    "Posts callbacks in which `messageId` is a text.",
  ],
  [
    "037",
    "answers",
    "DELIVERED",
    { says: "Áno, prídem." },
    "Reports `SENT`, `DELIVERED`, and then a `postback`: the person answers.",
  ],
  [
    "038",
    "answers STOP",
    "DELIVERED",
    { says: "STOP" },
    "Reports `SENT`, `DELIVERED`, and then a `postback`: the person writes STOP.",
  ],
];

export const telekomScenarios: readonly TelekomScenario[] = rows.map(
  ([suffix, name, expected, behaviour, description]) => ({ suffix, name, description, expected, behaviour }),
);

/** How the sandbox treats a message to this number. */
export const behaviourFor = behaviourLookup(telekomScenarios, usualBehaviour);
