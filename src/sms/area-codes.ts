/**
 * Area codes of +1 that went into service, or were assigned, after the library's table of numbers was made: overlays that
 * the regulators announced with the North American Numbering Plan Administrator (nanpa.com, planning letters and NPA
 * reports; puc.colorado.gov for 748, cpuc.ca.gov for 357, lpsc.louisiana.gov for 457). As of November 2025.
 */
const newAreas: readonly (readonly [areaCode: string, country: string, zone: string])[] = [
  ["357", "US", "America/Los_Angeles"], // California, with 559
  ["436", "US", "America/New_York"], // Ohio, with 440
  ["457", "US", "America/Chicago"], // Louisiana, with 318
  ["471", "US", "America/Chicago"], // Mississippi, with 662
  ["483", "US", "America/Chicago"], // Alabama, with 334
  ["557", "US", "America/Chicago"], // Missouri, with 314
  ["565", "US", "America/New_York"], // Georgia, with 912
  ["621", "US", "America/Chicago"], // Texas, with 713
  ["624", "US", "America/New_York"], // New York, with 716
  ["679", "US", "America/New_York"], // Michigan, with 313
  ["729", "US", "America/New_York"], // Tennessee, with 423
  ["748", "US", "America/Denver"], // Colorado, with 970
  ["837", "US", "America/Los_Angeles"], // California, with 530
  ["861", "US", "America/Chicago"], // Illinois, with 309
  ["924", "US", "America/Chicago"], // Minnesota, with 507
];

const countries = new Map(newAreas.map(([code, country]) => [`+1${code}`, country]));

/** The country of a number whose area code is newer than the library. */
export const countryOfNewArea = (number: string): string | undefined => countries.get(number.slice(0, 5));

/** The time zones of the new area codes, by the beginnings of their numbers. */
export const newAreaZones: readonly (readonly [prefix: string, zone: string])[] = newAreas.map(
  ([code, , zone]) => [`+1${code}`, zone],
);
