/** When messages may be sent, in minutes after midnight. An end before the start is on the next day. */
export interface SendWindow {
  start: number;
  end: number;
}

const minutesOfDay = 24 * 60;
const minuteMs = 60_000;

/** What `Intl.Locale` knows of a region; not in TypeScript's own types yet. */
interface RegionLocale {
  getTimeZones?(): string[] | undefined;
}

/** Every code that a region may have: those without a zone of their own, too, may be closed. */
const allRegions: readonly string[] = Array.from({ length: 26 * 26 }, (_, index) =>
  String.fromCodePoint(65 + Math.floor(index / 26), 65 + (index % 26)),
);

/** Where numbers are, and `Intl` has no zones: Kosovo, Ascension and Tristan da Cunha. */
const otherZones: Readonly<Record<string, readonly string[]>> = {
  XK: ["Europe/Belgrade"],
  AC: ["Atlantic/St_Helena"],
  TA: ["Atlantic/St_Helena"],
};

const knownZones = new Map<string, readonly string[]>();

/** Looked up once: that is dear. */
function zonesOf(region: string): readonly string[] {
  const known = knownZones.get(region);
  if (known) return known;
  const locale: RegionLocale = new Intl.Locale(`und-${region}`);
  const zones = otherZones[region] ?? locale.getTimeZones?.() ?? [];
  knownZones.set(region, zones);
  return zones;
}

const contains = ({ start, end }: SendWindow, minute: number): boolean =>
  start <= end ? minute >= start && minute < end : minute >= start || minute < end;

/** Minutes after midnight in a zone; each zone's formatter is made once, since making one is dear. */
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
 * Whether it is time to send to a country. Where a country has several zones, in all of them: the number does not
 * tell which, and nobody is to be woken. A window too short for that, and a number of no country, go by
 * `ownZone`, the campaign's.
 */
export function isOpen(window: SendWindow, country: string | null, ownZone: string, now: Date): boolean {
  const zones = country === null ? [] : zonesOf(country);
  const isShared = zones.length === 1 || (zones.length > 1 && isSharedBy(window, zones, now));
  return (isShared ? zones : [ownZone]).every((zone) => contains(window, minuteIn(zone, now)));
}

/** Whether there is a minute of the day at which the window is open in all zones. */
function isSharedBy(window: SendWindow, zones: readonly string[], now: Date): boolean {
  const minutes = [...new Set(zones.map((zone) => minuteIn(zone, now)))];
  for (let step = 0; step < minutesOfDay; step += 15) {
    if (minutes.every((minute) => contains(window, (minute + step) % minutesOfDay))) return true;
  }
  return false;
}

/** What is closed at present: countries, and numbers of no country. */
export interface Closures {
  countries: string[];
  stateless: boolean;
}

const recent = new Map<string, Closures>();
const mostRecent = 100;

/** Where a window is closed now; worked out once a minute. */
export function closuresOf(window: SendWindow, ownZone: string, now: Date): Closures {
  const key = `${window.start} ${window.end} ${ownZone} ${Math.floor(now.getTime() / minuteMs)}`;
  const known = recent.get(key);
  if (known) return known;
  if (recent.size >= mostRecent) recent.clear();
  const closures = {
    countries: allRegions.filter((region) => !isOpen(window, region, ownZone, now)),
    stateless: !isOpen(window, null, ownZone, now),
  };
  recent.set(key, closures);
  return closures;
}
