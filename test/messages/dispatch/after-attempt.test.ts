import { expect, it } from "vitest";
import type { DispatchMessage } from "../../../src/messages/dispatch/dispatch-message.ts";
import { consequencesOf, type Finished } from "../../../src/messages/dispatch/after-attempt.ts";
import type { NextRoute } from "../../../src/messages/dispatch/failover.ts";

const message: DispatchMessage = {
  id: "019c1310-e400-7d6e-94a5-9e5671ca1091",
  accountId: "account",
  providerId: "first",
  campaignId: "campaign",
  recipient: "+421901000000",
  sender: "Shop",
  text: "Hello",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  status: "SUBMITTING",
  validUntil: null,
  cadenceGroupId: null,
  dltTemplateId: null,
  country: "SK",
  mccmnc: null,
  routed: true,
  duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE",
  within: null,
  senderGiven: true,
  triedProviders: [],
  attempts: 0,
  attemptsWithoutCredit: 0,
  hasOpenAttempt: false,
  behindSince: null,
  isFollowed: false,
  trace: null,
  earlyMs: 0,
  version: 2,
};

const next: NextRoute = {
  rerouting: {
    providerId: "second",
    sender: "Shop",
    estimatedCost: null,
    estimatedCurrency: null,
  },
  name: "Second",
  isImmediate: true,
};

const startedAt = new Date("2026-01-31T08:00:00.000Z");
const failure = { code: "no_rate", text: "No rate.", permanent: true } as const;
const refused: Finished = {
  message,
  attempt: 1,
  outcome: { kind: "rejected", status: "REJECTED", failure },
  startedAt,
  finishedAt: new Date("2026-01-31T08:00:01.000Z"),
};

it("a refused message goes to the next provider while its attempt is under way", () => {
  const { change } = consequencesOf({ ...refused, isLate: false }, () => 0.5, next);
  expect(change).toMatchObject({ status: "QUEUED", onlyFrom: ["SUBMITTING"], rerouting: next.rerouting });
});

it("a late refusal never takes a message out of a later attempt", () => {
  const late = consequencesOf({ ...refused, isLate: true }, () => 0.5, next);
  expect(late.change).toMatchObject({ status: "REJECTED", failure });
  expect(late.change.onlyFrom).not.toContain("SUBMITTING");
  expect(late.change.onlyFrom).not.toContain("QUEUED");
  expect([late.otherwise, late.retry]).toEqual([undefined, undefined]);
});
