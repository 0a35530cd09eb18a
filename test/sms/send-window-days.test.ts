import { expect, test } from "vitest";
import { everOpens, isOpen } from "../../src/sms/send-window.ts";
import { setOfDays } from "../../src/sms/weekdays.ts";

const friday = setOfDays(["FRIDAY"]);

test.each([
  ["at noon on its day", "2026-11-27T11:00:00Z", true],
  ["at noon on the day after", "2026-11-28T11:00:00Z", false],
  ["before it opens on its day", "2026-11-27T06:00:00Z", false],
])("a window from nine to five on Fridays %s in Slovakia", (_when, at, open) => {
  expect(isOpen({ start: 540, end: 1020, days: friday }, "SK", "UTC", new Date(at))).toBe(open);
});

test("a window over midnight belongs to the day on which it began", () => {
  const window = { start: 1320, end: 120, days: friday };
  expect(isOpen(window, "SK", "UTC", new Date("2026-11-27T23:30:00Z"))).toBe(true);
  expect(isOpen(window, "SK", "UTC", new Date("2026-11-26T23:30:00Z"))).toBe(false);
});

test("a window with days never opens where its zones share no moment of them", () => {
  const day = new Date("2026-11-25T12:00:00Z");
  const zones = ["Pacific/Auckland", "America/Los_Angeles"];
  expect(everOpens({ start: 540, end: 600, days: friday }, ["Europe/Bratislava"], day)).toBe(true);
  expect(everOpens({ start: 540, end: 1020, days: friday }, zones, day)).toBe(false);
});
