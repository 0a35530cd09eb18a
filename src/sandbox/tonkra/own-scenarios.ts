import type { Scenario } from "../scenarios.ts";
import type { TonkraBehaviour } from "./behaviour.ts";

export type TonkraScenario = Scenario<TonkraBehaviour>;

/** Scenarios that only this vendor has. */
export const ownScenarios: readonly TonkraScenario[] = [
  {
    suffix: "030",
    name: "delivery taken back",
    description: "Views say `Delivered` at once, since the gateway has it, and `Undelivered` later.",
    expected: "UNDELIVERED",
    behaviour: { first: "Delivered", reports: ["Undelivered"] },
  },
  {
    suffix: "031",
    name: "gateway failed",
    description: "Answers 403 `Failed`, without a uid; the list has the message, as `Failed`.",
    expected: "FAILED",
    behaviour: { answer: "gatewayError", first: "Failed", reports: [] },
  },
  {
    suffix: "032",
    name: "gateway failed, yet delivered",
    description:
      "Answers 403 `Failed`; the list has the message, and in the end it is delivered. It must not be sent again.",
    expected: "DELIVERED",
    behaviour: { answer: "gatewayError" },
  },
  {
    suffix: "033",
    name: "out of units once",
    description: "Answers 403 to the first attempt: not enough units. Accepts the second.",
    expected: "DELIVERED",
    behaviour: { answer: "noUnitsOnce" },
  },
  {
    suffix: "034",
    name: "placeholder answer",
    description:
      "Accepts, and answers with the vendor's documented body: a text where the uid should be. The list has it.",
    expected: "DELIVERED",
    behaviour: { answer: "placeholder" },
  },
  {
    suffix: "035",
    name: "sender not allowed",
    description: "Answers 403: the sender is not approved.",
    expected: "REJECTED",
    behaviour: { refusal: "sender" },
  },
  {
    suffix: "036",
    name: "blacklisted",
    description: "Answers 403: the number is on the blacklist.",
    expected: "REJECTED",
    behaviour: { refusal: "blacklisted" },
  },
  {
    suffix: "037",
    name: "spam words",
    description: "Answers 404: the text has spam words.",
    expected: "REJECTED",
    behaviour: { refusal: "spam" },
  },
  {
    suffix: "038",
    name: "plan not active",
    description: "Answers 404: the account has no active plan.",
    expected: "FAILED",
    behaviour: { refusal: "inactivePlan" },
  },
  {
    suffix: "039",
    name: "gateway's own words",
    description: "Views say `Sent`, then a sentence: `Message could not be delivered: absent subscriber`.",
    expected: "UNDELIVERED",
    behaviour: { reports: ["Message could not be delivered: absent subscriber"] },
  },
  {
    suffix: "040",
    name: "skipped",
    description: "Views say `Pending`, then `Skipped`.",
    expected: "REJECTED",
    behaviour: { first: "Pending", reports: ["Skipped"] },
  },
  {
    suffix: "041",
    name: "invalid",
    description: "Views say `Pending`, then `Invalid`.",
    expected: "REJECTED",
    behaviour: { first: "Pending", reports: ["Invalid"] },
  },
  {
    suffix: "042",
    name: "failed",
    description: "Views say `Sent`, then `Failed`.",
    expected: "FAILED",
    behaviour: { reports: ["Failed"] },
  },
  {
    suffix: "043",
    name: "list for one",
    description: "Accepts, and answers with a list of one row, as for several numbers.",
    expected: "DELIVERED",
    behaviour: { answer: "list" },
  },
  {
    suffix: "044",
    name: "answers",
    description: "Is delivered, and the person answers: the list has an `incoming` message.",
    expected: "DELIVERED",
    behaviour: { says: "Yes, I will come." },
  },
  {
    suffix: "045",
    name: "answers STOP",
    description: "Is delivered, and the person writes STOP: the list has it as an `incoming` message.",
    expected: "DELIVERED",
    behaviour: { says: "STOP" },
  },
];
