import { countryCodes } from "./countries.ts";
import { isHoliday } from "./holidays.ts";
import { RecentlyUsed } from "../lib/recently-used.ts";
import { countryOfArea, zonesByArea, zonesOfCountry } from "./time-zones.ts";

/** When messages may be sent, in minutes after midnight. An end before the start is on the next day. */
export interface SendWindow {
  start: number;
  end: number;
  /** The days on which it opens, as bits, Monday first; null or absent for every day. */
  days?: number | null;
  /** Whether it stays closed on public holidays of the recipient's country. */
  observesHolidays?: boolean;
}

const minutesOfDay = 24 * 60;
const minuteMs = 60_000;

const contains = ({ start, end }: SendWindow, minute: number): boolean =>
  start <= end ? minute >= start && minute < end : minute >= start || minute < end;

/** Minutes after midnight in a zone. Formatters are cached, since making one is slow. */
function minuteIn(zone: string, now: Date): number {
  const [hour = 0, minute = 0] = formatterOf(zone).format(now).split(":").map(Number);
  return hour * 60 + minute;
}

/** The day of a window in a zone. What lies after midnight belongs to the day before. */
function dayOf({ start, end }: SendWindow, zone: string, minute: number, now: Date): Temporal.PlainDate {
  const day = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  return start > end && minute < end ? day.subtract({ days: 1 }) : day;
}

/** Whether the window is open on its day. */
function opensOn(window: SendWindow, zone: string, minute: number, now: Date): boolean {
  const { days } = window;
  if (days == null) return true;
  return (days & (1 << (dayOf(window, zone, minute, now).dayOfWeek - 1))) !== 0;
}

/** Whether it is a public holiday in a country, in any of its zones. */
export const isHolidayIn = (window: SendWindow, country: string, now: Date): boolean =>
  zonesOfCountry(country).some((zone) =>
    isHoliday(country, dayOf(window, zone, minuteIn(zone, now), now).toString()),
  );

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formatters.set(timeZone, made);
  return made;
}

/**
 * Whether a window is open in all these zones. The number does not show which of them it is in, and nobody
 * must be woken.
 */
const isOpenIn = (window: SendWindow, zones: readonly string[], now: Date): boolean =>
  zones.every((zone) => {
    const minute = minuteIn(zone, now);
    return contains(window, minute) && opensOn(window, zone, minute, now);
  });

/**
 * Whether messages may be sent to a country now. Numbers of no country use `ownZone`, the campaign's zone; without one they are
 * held.
 */
export function isOpen(
  window: SendWindow,
  country: string | null,
  ownZone: string | null,
  now: Date,
): boolean {
  if (country !== null) return isOpenIn(window, zonesOfCountry(country), now);
  return ownZone !== null && isOpenIn(window, [ownZone], now);
}

/**
 * Whether the window is open in all zones at some moment of that day. If there is one, it is also open when
 * it opens in one of the zones, so only those moments are tried.
 */
export function everOpens(window: SendWindow, zones: readonly string[], day: Date): boolean {
  if (window.days != null) return opensInWeek(window, zones, day);
  const minutes = [...new Set(zones.map((zone) => minuteIn(zone, day)))];
  return minutes.some((opening) =>
    minutes.every((minute) =>
      contains(window, (window.start + minute - opening + minutesOfDay) % minutesOfDay),
    ),
  );
}

/** With days, the moments of a week are tried at which it opens in one of the zones. */
const opensInWeek = (window: SendWindow, zones: readonly string[], day: Date): boolean =>
  firstOpening(window, zones, null, day) !== undefined;

/** Days looked ahead: every weekday, or the longest row of holidays and weekends. */
const [weekDays, holidayDays] = [8, 40];

/**
 * When the window is first open in all these zones, from a moment on; undefined if that is not within weeks. It opens when it
 * does in one of the zones, so only those moments are tried. `country`: whose holidays it observes.
 */
export function firstOpening(
  window: SendWindow,
  zones: readonly string[],
  country: string | null,
  from: Date,
): Date | undefined {
  const minute = Math.floor(from.getTime() / minuteMs) * minuteMs;
  const days = window.observesHolidays === true ? holidayDays : weekDays;
  const moments = zones.flatMap((zone) => {
    const untilOpening = (window.start - minuteIn(zone, from) + minutesOfDay) % minutesOfDay;
    return Array.from({ length: days }, (_, day) => minute + (untilOpening + day * minutesOfDay) * minuteMs);
  });
  return [from.getTime(), ...moments.toSorted((one, other) => one - other)]
    .map((time) => new Date(time))
    .find((time) => isOpenIn(window, zones, time) && !isOnHoliday(window, country, time));
}

const isOnHoliday = (window: SendWindow, country: string | null, time: Date): boolean =>
  window.observesHolidays === true && country !== null && isHolidayIn(window, country, time);

/**
 * How far apart these zones are, in minutes. A window that is not longer is never open in all of them at
 * once.
 */
export function spreadOf(zones: readonly string[], day: Date): number {
  const minutes = [...new Set(zones.map((zone) => minuteIn(zone, day)))].toSorted(
    (one, other) => one - other,
  );
  const gaps = minutes.map((minute, index) => {
    const next = minutes[index + 1];
    return next === undefined ? (minutes[0] ?? 0) + minutesOfDay - minute : next - minute;
  });
  return minutesOfDay - Math.max(...gaps);
}

/** Where a send window is closed now. */
export interface Closures {
  countries: string[];
  /**
   * Prefixes of numbers that may be sent to although their country is closed: their area code shows a zone
   * where the window is open.
   */
  openAreas: string[];
  /** Whether it is closed for numbers of no country. */
  stateless: boolean;
}

/** Windows open and close at full minutes. */
export const minuteOf = (now: Date): number => Math.floor(now.getTime() / minuteMs);

/** Of so many windows it is remembered: each takes 10 KB, and 2 ms to find out. */
const recent = new RecentlyUsed<string, { minute: number; closures: Closures }>(1_000);

/** Where a window is closed now; computed once a minute. */
export function closuresOf(window: SendWindow, ownZone: string | null, now: Date): Closures {
  const key = `${window.start} ${window.end} ${window.days} ${ownZone}`;
  const minute = minuteOf(now);
  const known = recent.get(key);
  if (known?.minute === minute) return known.closures;
  const areas = [...zonesByArea].filter(([, zones]) => isOpenIn(window, zones, now));
  const closures = {
    countries: countryCodes.filter((country) => !isOpen(window, country, ownZone, now)),
    openAreas: areas.map(([area]) => area),
    stateless: !isOpen(window, null, ownZone, now),
  };
  recent.set(key, { minute, closures });
  return closures;
}

/** Of a country with area codes, the zones of each; of another, all of its zones. */
const areasOf = new Map<string, readonly (readonly string[])[]>();

function zonesInAreas(country: string): readonly (readonly string[])[] {
  const known = areasOf.get(country);
  if (known) return known;
  const own = [...zonesByArea].filter(([area]) => countryOfArea(area) === country);
  // Areas in the same zones are one.
  const found = new Map(
    [zonesOfCountry(country), ...own.map(([, zones]) => zones)].map((zones) => [zones.join(), zones]),
  );
  const areas = [...found.values()];
  areasOf.set(country, areas);
  return areas;
}

/** Whether messages may be sent now to any number of a country, or of no country if that is "". */
export function opensSomewhere(
  window: SendWindow,
  country: string,
  ownZone: string | null,
  now: Date,
): boolean {
  if (country === "") return isOpen(window, null, ownZone, now);
  if (!zonesInAreas(country).some((zones) => isOpenIn(window, zones, now))) return false;
  return !isOnHoliday(window, country, now);
}

/** The closures with those countries closed that have a holiday. `countries`: those of the recipients. */
export function closuresOnHolidays(
  closures: Closures,
  window: SendWindow,
  countries: readonly string[],
  now: Date,
): Closures {
  const onHoliday = new Set(countries.filter((country) => isHolidayIn(window, country, now)));
  if (onHoliday.size === 0) return closures;
  return {
    ...closures,
    countries: [...new Set([...closures.countries, ...onHoliday])],
    openAreas: closures.openAreas.filter((area) => !onHoliday.has(countryOfArea(area))),
  };
}
