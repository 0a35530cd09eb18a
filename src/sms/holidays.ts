import { createRequire } from "node:module";
import { setImmediate as nextTurn } from "node:timers/promises";
import type HolidaysOf from "date-holidays";

/** Read when the first campaign observes holidays: its data are many megabytes. */
let library: typeof HolidaysOf | undefined;

const requireHere = createRequire(import.meta.url);

const load = (): typeof HolidaysOf => (library ??= requireHere("date-holidays") as typeof HolidaysOf);

const dayMs = 86_400_000;
const known = new Map<string, ReadonlySet<string>>();

const keyOf = (country: string, year: number): string => `${country} ${year}`;

/** The public holidays of all of a country in a year, as `2026-12-25`; none for a country that is not known. */
function holidaysOf(country: string, year: number): ReadonlySet<string> {
  const key = keyOf(country, year);
  const kept = known.get(key);
  if (kept) return kept;
  const Holidays = load();
  const days = new Set<string>();
  const calendar = new Holidays(country, { types: ["public"] });
  for (const { date, start, end } of calendar.getHolidays(year)) {
    const first = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
    const length = Math.max(1, Math.round((end.getTime() - start.getTime()) / dayMs));
    for (let day = 0; day < length; day++) days.add(new Date(first + day * dayMs).toISOString().slice(0, 10));
  }
  known.set(key, days);
  return days;
}

/** Whether a day, written as `2026-12-25`, is a public holiday in all of a country. */
export const isHoliday = (country: string, day: string): boolean =>
  holidaysOf(country, Number(day.slice(0, 4))).has(day);

/** What the library is made of, the parts before what needs them. */
const parts = ["moment-timezone", "astronomia", "date-chinese", "date-holidays-parser"];

/** Reads the library part by part: as a whole it holds the process up for 200 ms. */
async function loadInTurns(): Promise<void> {
  if (library) return;
  const requireThere = createRequire(requireHere.resolve("date-holidays"));
  const requireParts = createRequire(requireThere.resolve("date-holidays-parser"));
  for (const part of parts) {
    await nextTurn();
    requireParts(part);
  }
  await nextTurn();
  requireThere("./data.cjs");
  await nextTurn();
  load();
}

let loading: Promise<void> | undefined;

/** So that it is there when the first holiday is asked for. */
export const loadHolidays = (): Promise<void> => (loading ??= loadInTurns());

/**
 * Works out the holidays of countries around some days with turns for everyone else in between: all countries take a second.
 * What was not prepared is worked out when it is asked for.
 */
export async function prepareHolidays(countries: Iterable<string>, days: readonly Date[]): Promise<void> {
  // A day is another one in other time zones.
  const near = days.flatMap((day) => [day.getTime() - 2 * dayMs, day.getTime() + 2 * dayMs]);
  const years = [...new Set(near.map((time) => new Date(time).getUTCFullYear()))];
  for (const country of countries)
    for (const year of years) {
      if (known.has(keyOf(country, year))) continue;
      await loadHolidays();
      await nextTurn();
      holidaysOf(country, year);
    }
}
