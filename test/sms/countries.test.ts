import { getCountries } from "libphonenumber-js/max";
import list from "mcc-mnc-list";
import { describe, expect, it } from "vitest";
import { countryCodes, countryName, isCountry, parseCountry } from "../../src/sms/countries.ts";

describe("the table of countries", () => {
  it("the table of countries has every country of phone numbers and of mobile networks", () => {
    const networks = list.all().flatMap(({ countryCode }) => countryCode?.match(/\b[A-Z]{2}\b/g) ?? []);
    const missing = [...getCountries(), ...networks].filter((code) => !isCountry(code));
    expect(new Set(missing)).toEqual(new Set(["AB"])); // A part of Georgia: GE-AB.
  });

  it("each country is read by its code, by its shown name and by the names of the network list", () => {
    for (const code of countryCodes) {
      expect(parseCountry(code.toLowerCase())).toBe(code);
      expect(parseCountry(countryName(code) ?? "")).toBe(code);
    }
    const several = /Antilles|Departments/;
    for (const { countryCode, countryName: name } of list.all()) {
      if (!/^[A-Z]{2}$/.test(countryCode ?? "") || several.test(name)) continue;
      expect([name, parseCountry(name)]).toEqual([name, countryCode]);
    }
  });

  it.each([
    ["CZ", ["Czechia", "Czech Republic", "czech rep."]],
    ["VN", ["Viet Nam", "Vietnam", "Socialist Republic of Viet Nam"]],
    ["CI", ["Côte d'Ivoire", "Côte d’Ivoire", "COTE D`IVOIRE", "Cote d´Ivoire", "Ivory Coast"]],
    ["TR", ["Türkiye", "TÜRKİYE", "Turkiye", "Turkey"]],
    ["RU", ["Russia", "Russian Federation"]],
    ["NL", ["Netherlands", "The Netherlands", "Netherlands (Kingdom of the Netherlands)", "Holland"]],
    ["US", ["USA", "U.S.A.", "United States", "United States of America"]],
    ["GB", ["UK", "United Kingdom", "Great Britain"]],
    ["KR", ["South Korea", "Korea, Republic of", "Korea (the Republic of)", "Republic of Korea"]],
    ["KP", ["North Korea", "Korea, Democratic People's Republic of", "Korea (Dem. People's Rep.)"]],
    ["CD", ["DR Congo", "Congo (the Democratic Republic of the)", "Zaire", "Congo-Kinshasa"]],
    ["CG", ["Congo", "Republic of the Congo", "Congo - Brazzaville"]],
    ["VI", ["US Virgin Islands", "Virgin Islands (U.S.)", "Virgin Islands, US"]],
    ["VG", ["British Virgin Islands", "Virgin Islands, British"]],
    ["KN", ["St. Kitts & Nevis", "Saint Kitts and Nevis"]],
    ["IR", ["Iran", "Iran, Islamic Republic of", "Iran (Islamic Republic of)"]],
    ["MK", ["North Macedonia", "Macedonia", "The former Yugoslav Republic of Macedonia"]],
    ["SZ", ["Eswatini", "Swaziland", "Eswatini/Swaziland", "Eswatini (formerly Swaziland)"]],
    ["BA", ["Bosnia and Herzegovina", "Bosnia & Herzegovina", "Bosnia/Herzegovina"]],
    ["TC", ["Turks & Caicos", "Turks and Caicos Islands"]],
    ["HK", ["Hong Kong", "Hong Kong, China", "Hong Kong (China)", "China, Hong Kong"]],
    ["RE", ["Réunion", "Reunion Island", "Reunion (France)"]],
    ["GM", ["Gambia, The", "The Gambia"]],
    ["AX", ["Åland", "Aland Islands"]],
    ["AC", ["Ascension Island"]],
    ["XK", ["Kosovo", "Republic of Kosovo"]],
  ])("%s is read by the names that people write", (code, names) => {
    expect(names.map((name) => parseCountry(name))).toEqual(names.map(() => code));
  });

  it("a name of no country, or of two, is not read as a country", () => {
    const names = [
      "",
      "Atlantis",
      "Korea",
      "Virgin Islands",
      "Guinea (Equatoria)",
      "Denmark (Greenland)",
      "Georgia (USA)",
      "Serbia/Montenegro",
      "ZZ",
      "231",
      "Republic of",
      "Saint",
    ];
    expect(names.map((name) => parseCountry(name))).toEqual(names.map(() => undefined));
  });
});

it.each([" ", " of", "(now", "("])("a name of a megabyte of %j is none, which is known at once", (piece) => {
  expect(parseCountry(`x${piece.repeat(1_000_000 / piece.length)}x`)).toBeUndefined();
});
