import { createRequire } from "node:module";
import type HolidaysOf from "date-holidays";

/** Read when the first campaign observes holidays: its data are many megabytes. */
let library: typeof HolidaysOf | undefined;

const load = (): typeof HolidaysOf =>
  (library ??= createRequire(import.meta.url)("date-holidays") as typeof HolidaysOf);

const dayMs = 86_400_000;
const known = new Map<string, ReadonlySet<string>>();

/** The public holidays of all of a country in a year, as `2026-12-25`; none for a country that is not known. */
function holidaysOf(country: string, year: number): ReadonlySet<string> {
  const key = `${country} ${year}`;
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
