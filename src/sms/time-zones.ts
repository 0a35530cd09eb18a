import { areaZones } from "./area-zones.ts";
import { parseRecipient } from "./phone.ts";

/** What `Intl.Locale` knows about a region; not in TypeScript's own types yet. */
interface RegionLocale {
  getTimeZones?(): string[] | undefined;
}

/** Places that have phone numbers but no zones in `Intl`: Kosovo, Ascension and Tristan da Cunha. */
const otherZones: Readonly<Record<string, readonly string[]>> = {
  XK: ["Europe/Belgrade"],
  AC: ["Atlantic/St_Helena"],
  TA: ["Atlantic/St_Helena"],
};

/**
 * Zones of `Intl` that no phone number is in: Crimea has numbers of +7, China keeps Beijing's time by law,
 * and the rest has no inhabitants.
 */
const unused = new Set([
  "Europe/Simferopol",
  "Asia/Urumqi",
  "Antarctica/Macquarie",
  "America/Danmarkshavn",
  "Pacific/Enderbury",
]);

const byCountry = new Map<string, readonly string[]>();

/** The zones of a country's phone numbers. Cached: `Intl.Locale` look-ups are slow. */
export function zonesOfCountry(country: string): readonly string[] {
  const known = byCountry.get(country);
  if (known) return known;
  const locale: RegionLocale = new Intl.Locale(`und-${country}`);
  const zones = otherZones[country] ?? (locale.getTimeZones?.() ?? []).filter((zone) => !unused.has(zone));
  byCountry.set(country, zones);
  return zones;
}

/**
 * Zones by the beginning of a number (calling code and area code), where the area shows them. No beginning is
 * part of another.
 */
export const zonesByArea: ReadonlyMap<string, readonly string[]> = new Map(
  areaZones.flatMap(([zones, callingCode, areaCodes]) =>
    areaCodes.split(" ").map((areaCode) => [callingCode + areaCode, zones.split(" ")] as const),
  ),
);

const areaCountries = new Map<string, string>();

/** The country of such a beginning. Areas of +1 belong to several countries. */
export function countryOfArea(area: string): string {
  const known = areaCountries.get(area);
  if (known !== undefined) return known;
  const country =
    countriesOfCode[area.slice(0, 3)] ??
    countriesOfCode[area.slice(0, 2)] ??
    parseRecipient(`${area}5550123`).country;
  areaCountries.set(area, country ?? "");
  return country ?? "";
}

/** Of the other calling codes here, all areas are in one country. */
const countriesOfCode: Readonly<Record<string, string>> = {
  "+55": "BR",
  "+52": "MX",
  "+61": "AU",
  "+7": "RU",
};

/** The lengths of these beginnings. */
export const areaLengths: readonly number[] = [
  ...new Set([...zonesByArea.keys()].map(({ length }) => length)),
];

/** The zones that a number may be in; none for a number of no country. */
export function zonesOf(number: string, country: string | null): readonly string[] {
  for (const length of areaLengths) {
    const zones = zonesByArea.get(number.slice(0, length));
    if (zones) return zones;
  }
  return country === null ? [] : zonesOfCountry(country);
}
