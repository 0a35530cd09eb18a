/**
 * Area codes of the United States that are newer than the library's table of numbers: overlays, which the administrator of
 * the numbering plan announces in planning letters (nanpa.com). 357, 457 and 679 were checked against the notices of their
 * states' commissions, 861 against a public list; the others were reported by users as numbers that had no country.
 * As of November 2026.
 */
const newAmericanAreas = new Set([
  "357", // California, with 559
  "436", // Ohio, with 440
  "457", // Louisiana, with 318
  "471", // Mississippi, with 662
  "483", // Alabama, with 334
  "565", // Georgia, with 912
  "621", // Texas, with 713
  "624", // New York, with 716
  "679", // Michigan, with 313
  "729", // Tennessee, with 423
  "837", // California, with 530
  "861", // Illinois, with 309
  "924", // Minnesota, with 507
]);

/** The country of a number whose area code is newer than the library. */
export const countryOfNewArea = (number: string): string | undefined =>
  number.startsWith("+1") && newAmericanAreas.has(number.slice(2, 5)) ? "US" : undefined;
