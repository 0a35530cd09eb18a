import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Queryable } from "../../../src/database/database.ts";
import type { RunningCampaign } from "../../../src/campaigns/sending/running-campaigns.ts";
import { ShutWindows } from "../../../src/campaigns/sending/shut-windows.ts";

/** A campaign that sends from 9 to 20, in one of two weeks of January. */
const campaignOf = (fields: Partial<RunningCampaign> = {}): RunningCampaign =>
  ({
    id: randomUUID(),
    timeZone: null,
    windowStart: 9 * 60,
    windowEnd: 20 * 60,
    windowDays: null,
    observesHolidays: false,
    ...fields,
  }) as RunningCampaign;

const at = (time: string): Date => new Date(`2026-01-15T${time}Z`);

/** Answers with these countries for each campaign, and counts how often it was asked. */
function routes(countries: readonly string[]) {
  const asked: unknown[] = [];
  const query = async (_statement: unknown, [ids]: readonly [readonly string[]]) => {
    asked.push(ids);
    return ids.map((campaignId) => ({ campaignId, countries }));
  };
  return { asked, database: { query } as unknown as Queryable };
}

test("a campaign whose window is closed for all its recipients is left alone until the minute in which it opens", async () => {
  const { database, asked } = routes(["SK", "CZ"]);
  const windows = new ShutWindows();
  const campaigns = [campaignOf()];
  expect(await windows.open(database, campaigns, at("07:59:59.999"))).toEqual([]);
  expect(await windows.open(database, campaigns, at("08:00:00.000"))).toEqual(campaigns);
  expect(await windows.open(database, campaigns, at("18:59:59.999"))).toEqual(campaigns);
  expect(await windows.open(database, campaigns, at("19:00:00.000"))).toEqual([]);
  expect(asked).toHaveLength(1);
});

test("a changed window counts at once, and one that was removed too", async () => {
  const { database } = routes(["SK"]);
  const windows = new ShutWindows();
  const campaign = campaignOf();
  const night = at("02:00:00");
  expect(await windows.open(database, [campaign], night)).toEqual([]);
  const widened = { ...campaign, windowStart: 0 };
  expect(await windows.open(database, [widened], night)).toEqual([widened]);
  expect(await windows.open(database, [campaign], night)).toEqual([]);
  const unbounded = { ...campaign, windowStart: null, windowEnd: null };
  expect(await windows.open(database, [unbounded], night)).toEqual([unbounded]);
});

test.each([
  ["one of its countries", ["SK", "US"], null, "15:00:00"],
  ["an area of its country", ["US"], null, "15:00:00"],
  ["numbers of no country", ["SK", ""], "Asia/Tokyo", "02:00:00"],
  ["countries that are not known yet", [], null, "02:00:00"],
])("a campaign is looked at while its window is open for %s", async (_what, countries, timeZone, time) => {
  const { database } = routes(countries);
  const campaigns = [campaignOf({ timeZone })];
  expect(await new ShutWindows().open(database, campaigns, at(time))).toEqual(campaigns);
});

test("a campaign that observes holidays is left alone on one of its only country", async () => {
  const { database } = routes(["SK"]);
  const holiday = new Date("2026-01-06T12:00:00Z");
  const windows = new ShutWindows();
  expect(await windows.open(database, [campaignOf({ observesHolidays: true })], holiday)).toEqual([]);
  expect(await windows.open(database, [campaignOf()], holiday)).toHaveLength(1);
});
