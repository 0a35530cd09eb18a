import { describe, expect, it } from "vitest";
import { isHoliday, prepareHolidays } from "../../src/sms/holidays.ts";
import { closuresOf, closuresOnHolidays, firstOpening, type SendWindow } from "../../src/sms/send-window.ts";
import { countryOfArea, zonesByArea, zonesOfCountry } from "../../src/sms/time-zones.ts";

const window: SendWindow = { start: 9 * 60, end: 20 * 60, observesHolidays: true };

describe("public holidays", () => {
  it.each([
    ["SK", "2026-01-06", true],
    ["SK", "2026-04-03", true],
    ["SK", "2026-01-07", false],
    ["US", "2026-11-26", true],
    ["US", "2026-12-26", false],
    ["SA", "2026-09-23", true],
    ["AC", "2026-12-25", false],
  ])("in %s, %s is one: %s", (country, day, is) => {
    expect(isHoliday(country, day)).toBe(is);
  });

  it("a window is closed on a holiday of the recipient's country, by the clock there", () => {
    // Thanksgiving: in Los Angeles it is still the evening before.
    for (const [time, closed] of [
      ["2026-11-26T06:00:00Z", ["US"]],
      ["2026-11-26T18:00:00Z", ["US"]],
      ["2026-11-27T18:00:00Z", []],
    ] as const) {
      const now = new Date(time);
      const closures = { countries: [], openAreas: ["+1212", "+1604"], stateless: false };
      const { countries, openAreas } = closuresOnHolidays(closures, window, ["US", "CA"], now);
      expect([time, countries]).toEqual([time, closed]);
      expect(openAreas).toEqual(closed.length > 0 ? ["+1604"] : ["+1212", "+1604"]);
    }
  });

  it("what is sent after midnight belongs to the day before", () => {
    const night: SendWindow = { start: 20 * 60, end: 2 * 60, observesHolidays: true };
    const closures = (time: string) =>
      closuresOnHolidays({ countries: [], openAreas: [], stateless: false }, night, ["SK"], new Date(time));
    expect(closures("2026-01-06T23:30:00Z").countries).toEqual(["SK"]);
    expect(closures("2026-01-05T23:30:00Z").countries).toEqual([]);
  });

  it("a window opens on the first day that is no holiday", () => {
    const from = new Date("2026-12-23T21:00:00Z");
    expect(firstOpening(window, zonesOfCountry("SK"), "SK", from)).toEqual(new Date("2026-12-27T08:00:00Z"));
    const without = { ...window, observesHolidays: false };
    expect(firstOpening(without, zonesOfCountry("SK"), "SK", from)).toEqual(new Date("2026-12-24T08:00:00Z"));
  });

  it("each area of which the zone is known has a country", () => {
    expect([...zonesByArea.keys()].filter((area) => countryOfArea(area) === "")).toEqual([]);
    expect(["+1604", "+1212", "+1876", "+5511", "+612", "+7495", "+5255"].map(countryOfArea)).toEqual([
      "CA",
      "US",
      "JM",
      "BR",
      "AU",
      "RU",
      "MX",
    ]);
  });
});

it("numbers of no country are held where the campaign has no time zone: a window is never read in UTC", () => {
  const allDay = { start: 0, end: 24 * 60 };
  expect(closuresOf(allDay, null, new Date()).stateless).toBe(true);
  expect(closuresOf(allDay, "Europe/Bratislava", new Date()).stateless).toBe(false);
});

it("the holidays of many countries are prepared with turns for everyone else, one country at a time", async () => {
  const countries = ["AT", "CZ", "DE", "FR", "HU", "IT", "PL", "RO", "UA", "GB"];
  let turns = 0;
  let isPrepared = false;
  const count = (): void => {
    turns++;
    if (!isPrepared) setImmediate(count);
  };
  setImmediate(count);
  await prepareHolidays(countries, [new Date("2031-06-01T00:00:00Z")]);
  isPrepared = true;
  expect(turns).toBeGreaterThanOrEqual(countries.length);
  expect(countries.map((country) => isHoliday(country, "2031-01-01"))).toEqual(countries.map(() => true));
});
