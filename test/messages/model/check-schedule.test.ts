import { describe, expect, it } from "vitest";
import { type CheckReason, isLastCheck, nextCheckAt } from "../../../src/messages/model/check-schedule.ts";

const hourMs = 3_600_000;

/**
 * When checks happen, in hours after the last news, for a message that always has the least or the most
 * jitter.
 */
function looks(reason: CheckReason, messageId: string): number[] {
  const hours: number[] = [];
  let at: Date | null = new Date(0);
  for (let checks = 0; at; checks++) {
    at = nextCheckAt(reason, checks, messageId, at);
    if (at && !isLastCheck(reason, checks + 1)) hours.push(at.getTime() / hourMs);
  }
  return hours;
}

describe.each(["overdue", "polled", "revisable"] as const)("the check schedule %s", (reason) => {
  it.each(["0000", "ffff"])(
    "checks become less frequent, with a last one before three days are over (id ends in %s)",
    (id) => {
      const asked = looks(reason, id);
      const gaps = asked.map((hour, index) => hour - (asked[index - 1] ?? 0));
      expect(gaps).toEqual(gaps.toSorted((one, other) => one - other));
      expect(asked.length).toBeLessThanOrEqual(10);
      expect(asked.at(-1)).toBeGreaterThan(60);
      expect(asked.at(-1)).toBeLessThan(72);
    },
  );
});
