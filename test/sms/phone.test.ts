import { assert, constantFrom, property } from "fast-check";
import { getCountries, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, it } from "vitest";
import { InvalidPhoneNumberError } from "../../src/lib/errors.ts";
import type { E164 } from "../../src/providers/provider.ts";
import { parseRecipient } from "../../src/sms/phone.ts";
import { whyUnreachable } from "../../src/sms/unreachable-numbers.ts";
import { runs } from "../support/runs.ts";

/** The number, or why it was refused. */
function read(input: string): string {
  try {
    return parseRecipient(input).to;
  } catch (error) {
    if (error instanceof InvalidPhoneNumberError) return error.message;
    throw error;
  }
}

const accepted: Record<string, readonly string[]> = {
  "+421901231000": [
    "421901231000",
    "00421901231000",
    "+00421901231000",
    "(+421) 901 231 000",
    "'+421901231000",
    '="+421901231000"',
    "’421901231000",
    '"+421901231000"',
    "+421 (0)901 231 000",
    "421901231000.0",
    "421901231000,00",
    "+421901231000.0",
    "421901231000.000000",
    "+421901231000.",
    "421,901,231,000",
    "421.901.231.000",
    "421 901 231 000,00",
    "+421.901.231.000,00",
    "+421.901231000",
    "tel:+421901231000",
    "tel:901231000;phone-context=+421",
    "tel:0901231000;phone-context=+421",
    "TEL:+421-901-231-000;isub=1",
    "tel:%2B421901231000",
    "sms:+421901231000?body=Hello",

    "+421 901/231000",
    "+421\u2013901\u2013231\u2013000",
    "\u200e+421901231000\u202c",
    "+４２１９０１２３１０００",
    "٠٠٤٢١٩٠١٢٣١٠٠٠",
    "+421\u202f901\u00a0231\u2009000",
  ],
  "+4915112345678": ["+4915112345678.0", "4915112345678", "+49 (0) 151 12345678", "+49 151 1234-5678"],
  "+33612345600": ["+33.6.12.34.56.00", "+33 (0)6 12 34 56 00", "33612345600"],
  "+12125551000": ["+1.2125551000", "+1 212 555.1000", "12125551000", "+1 (212) 555-1000", "1-212-555-1000"],
  "+36301234567": ["+36 06 30 123 4567", "+36 (06) 30 123 4567"],
  "+5541988887777": [
    "+554188887777",
    "+5541988887777",
    "554188887777",
    "+55 (41) 8888-7777",
    "+55 041 8888 7777",
  ],
  "+525512345678": [
    "+5215512345678",
    "+525512345678",
    "5215512345678",
    "+52 1 55 1234 5678",
    "+52 044 55 1234 5678",
    "+52 01 55 1234 5678",
  ],
  "+5491112345678": [
    "+541112345678",
    "+54 9 11 1234-5678",
    "+54 11 15 1234-5678",
    "+54 011 15 1234 5678",
    "+54 9 11 15 1234-5678",
    "+54 9 011 15 1234-5678",
  ],
  "+5493511234567": ["+543511234567", "+54 351 15 123-4567", "+54 9 351 15 123-4567"],
  "+5492966123456": ["+54 2966 15 123456", "+54 9 2966 15 123456"],
  "+390212345678": ["+39 02 1234 5678", "0039 02 12345678"],
  "+2290197123456": ["+22997123456", "+229 01 97 12 34 56"],
};

const refused: readonly (readonly [why: RegExp, inputs: readonly string[]])[] = [
  [/begins with 0, not with a country code/, ["0901 231 000", "0901231000", "011421901231000"]],
  [/has no country code/, ["901231000", "2125551000", "13912345678"]],
  [/has no country code/, ["tel:901234567;phone-context=example.com"]],
  [/may be \+6598234567 or \+16598234567/, ["6598234567", "65 9823 4567"]],
  [
    /something after the number/,
    ["+4915112345678.5", "4915112345678,25", "+421901231000/1", "+421901231000,12"],
  ],
  [/rounded/, ["4.21901E+11", "4,21901E+11", "+4.2e11", "4.21901231E+11", "421E9"]],
  [
    /more than one number/,
    ["+421901231000, +421901231001", "421901231000;421901231001", "0901231000/0901231001"],
  ],
  [
    /more than one number/,
    ["+421901231000 +421901231001", "421901231000 421901231001", "+421901231000+421901231001"],
  ],
  [/more than one number/, ["+421901231000 or +421901231001", "+421901231000\n+421901231001"]],
  [/6 digits after \+421, where mobile numbers have 9\./, ["+421901234", "+421 90 12 34"]],
  [
    /wrong length/,
    ["+4219012345", "+4850123456", "+91981234567", "+4206012345675", "+3630123456", "+13107549"],
  ],
  [/8 digits after \+49, where mobile numbers have 10 or 11\./, ["+4930123456"]],
  [/lacks digits/, ["+491511234567", "+38591123456", "+549112345678", "+39312345678", "+5076123456"]],
  [/a 0 behind \+421/, ["+421091212345", "+421 09 12 12 34 5"]],
  [/a 0 behind \+/, ["+34061234567", "+520155123456", "+48051234567", "+998091234567"]],
  [/country code 43 twice/, ["+4343664123456", "+43 43664123456"]],
  [/has no area code of Argentina/, ["+541512345678", "+54 15 1234 5678", "+54 9 15 1234 5678"]],
  [/is no number of \+1/, ["+12121551234", "+19112345678", "+11102345678", "+1 045 234 5678"]],
  [/extension/, ["+421901231000 ext. 5", "+421901231000x5", "+421901231000#12", "tel:+421901231000;ext=5"]],
  [/is not a phone number/, ["abc", "+", "+1 800 FLOWERS", "+421 9O1 231 000"]],
  [
    /has more in it than a number/,
    [
      "++421901231000",
      "Jana +421901231000",
      "+421901231000 (Jana)",
      "421901231000;",
      "+421901231000p5",
      "+421901231000 kl. 5",
      "+421901231000;5",
      "sip:+421901231000@x.sk",
    ],
  ],
  [/belongs to no country/, ["+80012345678"]],
  [/begins with no calling code/, ["+999123456789"]],
  [/too long/, ["4".repeat(300), "421901231000421902231000"]],
];

describe("numbers as people and spreadsheets write them", () => {
  it.each(Object.entries(accepted))(
    "every spelling of %s gives that number, in any order of calls",
    (number, inputs) => {
      const all = [number, ...inputs];
      for (const input of [...all, ...all.toReversed(), ...all])
        expect([input, read(input)]).toEqual([input, number]);
    },
  );

  it.each(refused)("a recipient is refused with the right reason: %s", (why, inputs) => {
    for (const input of [...inputs, ...inputs]) expect(read(input)).toMatch(why);
  });

  it("a recipient has the same answer in every order of calls", () => {
    const inputs = [...Object.values(accepted).flat(), ...refused.flatMap(([, some]) => some)];
    const first = new Map(inputs.map((input) => [input, read(input)]));
    assert(
      property(constantFrom(...inputs), (input) => read(input) === first.get(input)),
      runs(300),
    );
  });

  it("a complete number without its plus is accepted in every country whose example allows it", () => {
    const numbers = getCountries().flatMap((country) => getExampleNumber(country, examples)?.number ?? []);
    const wrong = numbers.filter((number) => {
      const seen = read(number.slice(1));
      return seen !== read(number) && !/may be|has no country code/.test(seen);
    });
    const refusedOnes = numbers.filter((number) => !read(number.slice(1)).startsWith("+"));
    expect(wrong).toEqual([]);
    expect(refusedOnes.length).toBeLessThan(15);
  });
});

describe("numbers of ranges newer than the library", () => {
  it("a number of a new range is accepted if mobile numbers have its length", () => {
    expect(parseRecipient("+85245451234")).toEqual({ to: "+85245451234", country: "HK" });
    expect(read("+421980000000")).toBe("+421980000000");
  });

  it("a number of a new area code has its country", () => {
    const codes = [
      "357",
      "436",
      "457",
      "471",
      "557",
      "565",
      "621",
      "624",
      "679",
      "729",
      "748",
      "837",
      "861",
      "924",
    ];
    const countries = codes.map((code) => parseRecipient(`+1${code}2345678`).country);
    expect(countries).toEqual(codes.map(() => "US"));
    expect(read("1 (861) 234-5678")).toBe("+18612345678");
  });
});

describe("numbers of a default country", () => {
  it.each([
    ["SK", "0901 231 000", "+421901231000"],
    ["SK", "0901231000", "+421901231000"],
    ["SK", "901231000", "+421901231000"],
    ["SK", "901231000.0", "+421901231000"],
    ["SK", "'0901/231 000", "+421901231000"],
    ["SK", "tel:0901231000", "+421901231000"],
    ["SK", "421901231000", "+421901231000"],
    ["SK", "00420601000001", "+420601000001"],
    ["SK", "+49 (0)151 12345678", "+4915112345678"],
    ["CZ", "601 000 001", "+420601000001"],
    ["DE", "0151 12345678", "+4915112345678"],
    ["DE", "4915112345678", "+4915112345678"],
    ["IT", "312 345 6789", "+393123456789"],
    ["US", "(212) 555-1000", "+12125551000"],
    ["US", "1-212-555-1000", "+12125551000"],
    ["GB", "07400 123456", "+447400123456"],
    ["BR", "041 8888-7777", "+5541988887777"],
    ["MX", "044 55 1234 5678", "+525512345678"],
    ["AR", "011 15-1234-5678", "+5491112345678"],
  ])("with the default country %s, %s is %s", (country, written, number) => {
    expect(parseRecipient(written, country).to).toBe(number);
  });

  it.each([
    ["SK", "0901 231", /wrong length/],
    ["SK", "901 231 000 5", /no country code|wrong length/],
    ["SK", "901231000,5", /something after the number/],
    ["SK", "9.01231E+08", /rounded/],
    ["SK", "0901231000 / 0901231001", /more than one number/],
    ["US", "6598234567", /may be \+6598234567 or \+16598234567/],
  ])("with the default country %s, %s is refused with the reason that is true", (country, written, why) => {
    expect(() => parseRecipient(written, country)).toThrow(why);
  });

  it("a number with its country code is the same with every default country", () => {
    const numbers = getCountries().flatMap((country) => getExampleNumber(country, examples)?.number ?? []);
    for (const country of ["SK", "US", "BR", "IT"])
      for (const number of numbers) expect(parseRecipient(number, country)).toEqual(parseRecipient(number));
  });

  it("a number that is written as within its country is that number, for the examples of all countries", () => {
    const wrong = getCountries().flatMap((country) => {
      const example = getExampleNumber(country, examples);
      if (!example) return [];
      const written = example.formatNational();
      const expected = read(example.number);
      if (!expected.startsWith("+")) return [];
      try {
        const { to } = parseRecipient(written, country);
        return to === expected ? [] : [`${country} ${written} is read as ${to}`];
      } catch (error) {
        return /may be/.test(String(error)) ? [] : [`${country} ${written}: ${String(error)}`];
      }
    });
    expect(wrong).toEqual([]);
  });
});

describe("numbers that take no SMS", () => {
  it.each([
    ["+442079460000", "a landline"],
    ["+421220850000", "a landline"],
    ["+499001234567", "a premium-rate number"],
    ["+18005550100", "a free-phone number"],
    ["+19005550100", "a premium-rate number"],
    ["+421901231000", undefined],
    ["+12125551000", undefined],
    ["+447400123456", undefined],
    ["+85245451234", undefined],
  ])("%s is %s", (number, what) => {
    expect(whyUnreachable(number as E164)).toBe(what);
  });
});
