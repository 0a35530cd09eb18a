import { assert, property, stringMatching } from "fast-check";
import { getCountries, getCountryCallingCode, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, it } from "vitest";
import { countryOfPlain } from "../../src/sms/phone-plans.ts";
import { parseRecipient } from "../../src/sms/phone.ts";
import { runs } from "../support/runs.ts";

/** The library's answer: a space in the number makes the fast check pass it on. */
const byLibrary = (number: string) => parseRecipient(`${number.slice(0, 5)} ${number.slice(5)}`);

function sameAsLibrary(number: string, country: string): boolean {
  const expected = byLibrary(number);
  return expected.to === number && expected.country === country;
}

const codes = [...new Set(getCountries().map((country) => getCountryCallingCode(country)))];

describe("numbers in E.164", () => {
  it.each(codes)("the fast check of +%s agrees with the library", (code) => {
    const numbers = stringMatching(/^[0-9]{4,12}$/);
    assert(
      property(numbers, (digits) => {
        const number = `+${code}${digits}`;
        const country = countryOfPlain(number);
        return country === undefined || sameAsLibrary(number, country);
      }),
      runs(150),
    );
  });

  it("most numbers in E.164 are read without the library", () => {
    const numbers = getCountries().flatMap((country) => getExampleNumber(country, examples)?.number ?? []);
    const alone = numbers.filter((number) => countryOfPlain(number) !== undefined);
    expect(alone.length).toBeGreaterThan(150);
    for (const number of numbers) expect(parseRecipient(number)).toEqual(byLibrary(number));
  });
});
