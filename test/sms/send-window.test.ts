import { getCountries } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { zonesByArea, zonesOf, zonesOfCountry } from "../../src/sms/time-zones.ts";
import { closuresOf, everOpens, isOpen, spreadOf } from "../../src/sms/send-window.ts";

const day = { start: 9 * 60, end: 20 * 60 };
const at = (time: string): Date => new Date(`2026-01-15T${time}:00Z`);

/** How far these zones are from UTC in winter, whatever the direction. */
const offsets = (zones: readonly string[]) =>
  new Set(zones.map((zone) => spreadOf([zone, "UTC"], at("12:00"))));

const windowOf = (place: number) => ({ start: place, end: place + 600 });

describe("send windows", () => {
  it("a send window follows the recipient's clock", () => {
    // Slovakia is an hour ahead of UTC in January.
    expect(isOpen(day, "SK", "UTC", at("07:59"))).toBe(false);
    expect(isOpen(day, "SK", "UTC", at("08:00"))).toBe(true);
    expect(isOpen(day, "SK", "UTC", at("18:59"))).toBe(true);
    expect(isOpen(day, "SK", "UTC", at("19:00"))).toBe(false);
  });

  it("where a window is closed is found out once a minute, also for hundreds of windows", () => {
    const closures = Array.from({ length: 150 }, (_, place) =>
      closuresOf(windowOf(place), "UTC", at("12:00")),
    );
    const again = closures.map((_, place) => closuresOf(windowOf(place), "UTC", at("12:00")));
    expect(again.every((one, place) => one === closures[place])).toBe(true);
    expect(closuresOf(windowOf(0), "UTC", at("12:01"))).not.toBe(closures[0]);
  });

  it("a send window is open in a country of several zones when it is open in all of them", () => {
    // 09:00 in Hawaii and Alaska's far islands is 14:00 in New York.
    expect(isOpen(day, "US", "UTC", at("15:00"))).toBe(false);
    expect(isOpen(day, "US", "UTC", at("19:30"))).toBe(true);
    expect(isOpen(day, "US", "UTC", at("02:00"))).toBe(false);
  });

  it("a send window too short for a country's zones never opens there", () => {
    const morning = { start: 9 * 60, end: 12 * 60 };
    for (const country of ["US", "CA", "RU", "AU"]) {
      const zones = zonesOfCountry(country);
      const hours = Array.from(
        { length: 96 },
        (_, step) => new Date(at("00:00").getTime() + step * 15 * 60_000),
      );
      expect(hours.some((hour) => isOpen(morning, country, "Europe/Bratislava", hour))).toBe(false);
      expect(everOpens(morning, zones, at("12:00"))).toBe(false);
      const long = spreadOf(zones, at("12:00")) + 1;
      expect(everOpens({ start: 9 * 60, end: (9 * 60 + long) % 1440 }, zones, at("12:03"))).toBe(true);
      expect(everOpens({ start: 9 * 60, end: (9 * 60 + long - 1) % 1440 }, zones, at("12:03"))).toBe(false);
    }
  });

  it("a send window follows the zones that people really use", () => {
    expect(isOpen(day, "UA", "UTC", at("17:30"))).toBe(true);
    const evening = { start: 19 * 60, end: 20 * 60 };
    const times = ["00:30", "17:30"].map((time) => isOpen(evening, "UA", "America/New_York", at(time)));
    expect(times).toEqual([false, true]);
    const beijing = { start: 9 * 60, end: 10 * 60 + 30 };
    const inChina = ["14:30", "01:30"].map((time) => isOpen(beijing, "CN", "America/New_York", at(time)));
    expect(inChina).toEqual([false, true]);
  });

  it("a send window follows the area code where that shows the zone", () => {
    const noon = { start: 12 * 60, end: 13 * 60 };
    const openAt = (time: string, areas: string[]) => {
      const { countries, openAreas } = closuresOf(noon, "UTC", at(time));
      expect(countries).toEqual(expect.arrayContaining(["US", "CA", "BR", "MX"]));
      return areas.map((area) => openAreas.includes(area));
    };
    const areas = ["+1212", "+1312", "+1213", "+1850", "+5511", "+5592", "+52998", "+1861"];
    expect(openAt("17:30", areas)).toEqual([true, false, false, false, false, false, true, false]);
    expect(openAt("18:30", areas)).toEqual([false, true, false, false, false, false, false, true]);
    expect(openAt("15:30", areas)).toEqual([false, false, false, false, true, false, false, false]);
    expect(zonesOf("+61412345678", "AU")).toEqual(zonesOfCountry("AU"));
    expect(zonesOf("+18502345678", "US")).toEqual(["America/Chicago", "America/New_York"]);
  });

  it("area codes have zones of their own country, and none is the beginning of another", () => {
    for (const [area, zones] of zonesByArea) {
      const countries = area.startsWith("+1")
        ? ["US", "CA"]
        : [{ "+55": "BR", "+52": "MX" }[area.slice(0, 3)]];
      const known = offsets(countries.flatMap((code) => (code === undefined ? zones : zonesOfCountry(code))));
      for (const offset of offsets(zones)) expect(known, area).toContain(offset);
      expect([...zonesByArea.keys()].filter((other) => other !== area && other.startsWith(area))).toEqual([]);
    }
  });

  it("a send window follows the campaign's zone for a number of no country", () => {
    expect(isOpen(day, null, "Asia/Tokyo", at("03:00"))).toBe(true);
    expect(isOpen(day, null, "Asia/Tokyo", at("12:00"))).toBe(false);
  });

  it("a send window may end on the next day", () => {
    const night = { start: 22 * 60, end: 6 * 60 };
    expect(isOpen(night, "SK", "UTC", at("22:30"))).toBe(true);
    expect(isOpen(night, "SK", "UTC", at("04:59"))).toBe(true);
    expect(isOpen(night, "SK", "UTC", at("05:00"))).toBe(false);
  });

  it.each(getCountries())("a send window is closed at night for numbers of %s", (country) => {
    const night = { start: 12 * 60, end: 12 * 60 + 1 };
    const times = ["00:00", "06:00", "12:00", "18:00"].map((time) => closuresOf(night, "UTC", at(time)));
    expect(times.filter(({ countries }) => countries.includes(country)).length).toBeGreaterThanOrEqual(3);
  });

  it("a send window follows the neighbours' zone in Kosovo", () => {
    expect(isOpen(day, "XK", "Asia/Tokyo", at("07:59"))).toBe(false);
    expect(isOpen(day, "XK", "Asia/Tokyo", at("08:00"))).toBe(true);
  });

  it("a send window names every country where it is closed", () => {
    const { countries, stateless } = closuresOf(day, "Europe/Bratislava", at("03:00"));
    expect(stateless).toBe(true);
    expect(countries).toContain("SK");
    expect(countries).not.toContain("JP");
    expect(countries.every((country) => !isOpen(day, country, "Europe/Bratislava", at("03:00")))).toBe(true);
  });
});
