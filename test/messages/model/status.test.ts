import { describe, expect, test } from "vitest";
import {
  cancellable,
  ignoredReason,
  isFinal,
  messageStatuses,
  type MessageStatus,
} from "../../../src/messages/model/status.ts";

/** The rank of each status as documented: a message only climbs. */
const rank: Record<MessageStatus, number> = {
  SCHEDULED: 0,
  QUEUED: 1,
  SUBMITTING: 2,
  OUTCOME_UNKNOWN: 3,
  SUBMITTED: 4,
  SENT: 5,
  UNKNOWN: 6,
  DELIVERED: 7,
  READ: 7,
  UNDELIVERED: 7,
  EXPIRED: 7,
  REJECTED: 7,
  FAILED: 7,
  CANCELLED: 7,
  RECEIVED: 7,
};

/** The two allowed steps that do not climb in rank. */
const exceptions = new Set(["SUBMITTING QUEUED", "DELIVERED READ"]);

const pairs = messageStatuses.flatMap((current) => messageStatuses.map((next) => ({ current, next })));

describe("every pair of statuses", () => {
  test.each(pairs)("a message in $current follows the table when told $next", ({ current, next }) => {
    const climbs = rank[next] > rank[current] || exceptions.has(`${current} ${next}`);
    const reason = current === next ? "DUPLICATE" : rank[current] === 7 ? "ALREADY_FINAL" : "LATE";
    expect(ignoredReason(current, next)).toBe(climbs ? undefined : reason);
  });

  test("every pair of statuses was tried", () => {
    expect(pairs).toHaveLength(14 * 14);
  });
});

test("seven statuses are final, and UNKNOWN is not", () => {
  expect(messageStatuses.filter(isFinal)).toEqual(messageStatuses.filter((status) => rank[status] === 7));
});

test("only a message that has not been handed over can be cancelled", () => {
  expect(messageStatuses.filter((status) => cancellable.includes(status))).toEqual(["SCHEDULED", "QUEUED"]);
});
