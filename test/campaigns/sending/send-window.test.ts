import { getCountries } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { closuresOf, isOpen } from "../../../src/campaigns/sending/send-window.ts";

const day = { start: 9 * 60, end: 20 * 60 };
const at = (time: string): Date => new Date(`2026-01-15T${time}:00Z`);

describe("a send window", () => {
  it("goes by the recipient's own clock", () => {
    // Slovakia is an hour ahead of UTC in January.
    expect(isOpen(day, "SK", "UTC", at("07:59"))).toBe(false);
    expect(isOpen(day, "SK", "UTC", at("08:00"))).toBe(true);
    expect(isOpen(day, "SK", "UTC", at("18:59"))).toBe(true);
    expect(isOpen(day, "SK", "UTC", at("19:00"))).toBe(false);
  });

  it("is open in a country of several zones when it is open in all of them", () => {
    // 09:00 in Hawaii and Alaska's far islands is 14:00 in New York.
    expect(isOpen(day, "US", "UTC", at("15:00"))).toBe(false);
    expect(isOpen(day, "US", "UTC", at("19:30"))).toBe(true);
    expect(isOpen(day, "US", "UTC", at("02:00"))).toBe(false);
  });

  it("goes by the campaign's own zone where it is too short for all zones of a country", () => {
    const noon = { start: 12 * 60, end: 13 * 60 };
    expect(isOpen(noon, "US", "America/New_York", at("17:30"))).toBe(true);
    expect(isOpen(noon, "US", "America/New_York", at("20:30"))).toBe(false);
  });

  it("goes by the campaign's own zone for a number of no country", () => {
    expect(isOpen(day, null, "Asia/Tokyo", at("03:00"))).toBe(true);
    expect(isOpen(day, null, "Asia/Tokyo", at("12:00"))).toBe(false);
  });

  it("may go on until the next day", () => {
    const night = { start: 22 * 60, end: 6 * 60 };
    expect(isOpen(night, "SK", "UTC", at("22:30"))).toBe(true);
    expect(isOpen(night, "SK", "UTC", at("04:59"))).toBe(true);
    expect(isOpen(night, "SK", "UTC", at("05:00"))).toBe(false);
  });

  it.each(getCountries())("is closed at night for numbers of %s", (country) => {
    const night = { start: 12 * 60, end: 12 * 60 + 1 };
    const times = ["00:00", "06:00", "12:00", "18:00"].map((time) => closuresOf(night, "UTC", at(time)));
    expect(times.filter(({ countries }) => countries.includes(country)).length).toBeGreaterThanOrEqual(3);
  });

  it("goes by the zone of the neighbours in Kosovo", () => {
    expect(isOpen(day, "XK", "Asia/Tokyo", at("07:59"))).toBe(false);
    expect(isOpen(day, "XK", "Asia/Tokyo", at("08:00"))).toBe(true);
  });

  it("names every country where it is closed", () => {
    const { countries, stateless } = closuresOf(day, "Europe/Bratislava", at("03:00"));
    expect(stateless).toBe(true);
    expect(countries).toContain("SK");
    expect(countries).not.toContain("JP");
    expect(countries.every((country) => !isOpen(day, country, "Europe/Bratislava", at("03:00")))).toBe(true);
  });
});
