import { countryCodes } from "./countries.ts";
import { zonesByArea, zonesOfCountry } from "./time-zones.ts";

/** When messages may be sent, in minutes after midnight. An end before the start is on the next day. */
export interface SendWindow {
  start: number;
  end: number;
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
  zones.every((zone) => contains(window, minuteIn(zone, now)));

/**
 * Whether messages may be sent to a country now. Numbers of no country use `ownZone`, the campaign's zone.
 */
export const isOpen = (window: SendWindow, country: string | null, ownZone: string, now: Date): boolean =>
  isOpenIn(window, country === null ? [ownZone] : zonesOfCountry(country), now);

/**
 * Whether the window is open in all zones at some moment of that day. If there is one, it is also open when
 * it opens in one of the zones, so only those moments are tried.
 */
export function everOpens(window: SendWindow, zones: readonly string[], day: Date): boolean {
  const minutes = [...new Set(zones.map((zone) => minuteIn(zone, day)))];
  return minutes.some((opening) =>
    minutes.every((minute) =>
      contains(window, (window.start + minute - opening + minutesOfDay) % minutesOfDay),
    ),
  );
}

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

const recent = new Map<string, Closures>();
const maxRecent = 100;

/** Where a window is closed now; computed once a minute. */
export function closuresOf(window: SendWindow, ownZone: string, now: Date): Closures {
  const key = `${window.start} ${window.end} ${ownZone} ${Math.floor(now.getTime() / minuteMs)}`;
  const known = recent.get(key);
  if (known) return known;
  if (recent.size >= maxRecent) recent.clear();
  const areas = [...zonesByArea].filter(([, zones]) => isOpenIn(window, zones, now));
  const closures = {
    countries: countryCodes.filter((country) => !isOpen(window, country, ownZone, now)),
    openAreas: areas.map(([area]) => area),
    stateless: !isOpen(window, null, ownZone, now),
  };
  recent.set(key, closures);
  return closures;
}
