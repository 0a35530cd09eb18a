import * as fc from "fast-check";
import list from "mcc-mnc-list";
import { describe, expect, test } from "vitest";
import {
  countryOf,
  isUsedIn,
  mccsOf,
  networkKey,
  type Network,
} from "../../../src/pricing/rates/networks.ts";
import { createRateBook } from "../../../src/pricing/rates/rate-book.ts";
import { readRate, type RateInput } from "../../../src/pricing/rates/rate-input.ts";
import { PolicyIndex } from "../../../src/pricing/routing/policies.ts";
import { countryCodes } from "../../../src/sms/countries.ts";

const now = new Date("2026-01-15T12:00:00Z");

/** The rates of one provider as stored from these inputs. */
function bookOf(inputs: readonly (Pick<RateInput, "mccmnc" | "country"> & { price: string })[]) {
  const rates = inputs.flatMap((input, place) => {
    const reading = readRate({ ...input, currency: "EUR" }, now);
    if (!reading.ok) throw new Error(reading.problem.text);
    return reading.rates.map((rate, part) => ({ ...rate, id: `${place}-${part}`, providerId: "p" }));
  });
  const book = createRateBook(rates);
  return (country: string, mccmnc?: string) =>
    book.find("p", { country, mccmnc: mccmnc ?? null }, new Date(now.getTime() + 1))?.price;
}

const given = (rates: Record<string, string>) =>
  bookOf(Object.entries(rates).map(([mccmnc, price]) => ({ mccmnc, price })));

describe("the country of a network", () => {
  test("a network used by several countries has the main country of its code", () => {
    const countries = ["310260", "33805", "23450", "25507", "42505", "42506", "42501", "50501"].map((code) =>
      countryOf({ mcc: code.slice(0, 3), mnc: code.slice(3) }),
    );
    expect(countries).toEqual(["US", "JM", "GB", expect.anything(), "PS", "PS", "IL", "AU"]);
  });

  test("a code without a main country belongs to every country with numbers in it", () => {
    expect(countryOf({ mcc: "340", mnc: null })).toBeUndefined();
    for (const country of ["AC", "AX", "EH", "IO", "SJ", "TA", "VA", "XK"])
      expect(mccsOf(country), country).not.toEqual([]);
  });
});

describe("a quote to a country that shares its code", () => {
  test("a quote for a shared code is the highest rate of the networks that the country's numbers may use", () => {
    expect(given({ 310410: "0.01", 310260: "0.02" })("US")).toBe("0.02");
    expect(given({ 310410: "0.01", 310260: "0.02" })("PR")).toBe("0.02");
    const palestine = given({ 425: "0.01", 42505: "0.10", 42506: "0.12" });
    expect([palestine("PS"), palestine("IL")]).toEqual(["0.12", "0.01"]);
    expect(given({ 33805: "0.07" })("KY")).toBe("0.07");
  });

  test("a quote for a country without another code is that of the shared code, even if the list does not name the country", () => {
    expect(given({ 658: "0.30" })("AC")).toBe("0.30");
    expect(bookOf([{ country: "AC", price: "0.40" }])("AC")).toBe("0.40");
    expect(given({ 340: "0.09" })("MQ")).toBe("0.09");
  });

  const shared = list
    .all()
    .filter(({ mcc, mnc }) => /^\d{3}$/.test(mcc ?? "") && /^\d{2,3}$/.test(mnc ?? ""))
    .filter(({ mcc }) => countryCodes.filter((country) => mccsOf(country).includes(mcc)).length > 1);
  const networks = [...new Map(shared.map((one) => [networkKey(one), one])).values()];
  const codes = [...new Set(networks.map(({ mcc }) => mcc))];

  test("a quote for a shared code is never below the charge of a network whose code has no rate as a whole", () => {
    expect(codes.length).toBeGreaterThan(15);
    const price = fc.integer({ min: 1, max: 99 }).map((cents) => (cents / 100).toFixed(2));
    const table = fc.uniqueArray(fc.tuple(fc.constantFrom<Network>(...networks), price), {
      selector: ([network]) => networkKey(network),
      minLength: 1,
      maxLength: 40,
    });
    const wholes = fc.uniqueArray(fc.tuple(fc.constantFrom(...codes), price), {
      selector: ([mcc]) => mcc,
      maxLength: 5,
    });
    fc.assert(
      fc.property(table, wholes, (ofNetworks, ofCodes) => {
        const find = bookOf([
          ...ofNetworks.map(([{ mcc, mnc }, of]) => ({ mccmnc: `${mcc}${mnc}`, price: of })),
          ...ofCodes.map(([mccmnc, of]) => ({ mccmnc, price: of })),
        ]);
        const whole = new Set(ofCodes.map(([mcc]) => mcc));
        for (const [{ mcc, mnc }] of ofNetworks.filter(([network]) => !whole.has(network.mcc))) {
          for (const country of countryCodes.filter((one) => isUsedIn({ mcc, mnc }, one)))
            expect(Number(find(country))).toBeGreaterThanOrEqual(Number(find(country, `${mcc}${mnc}`)));
        }
      }),
    );
  });
});

describe("a policy for a shared country code", () => {
  test("a policy for a shared country code holds for its owners, and not for other countries with their own code", () => {
    const routes = [{ providerId: "p", priority: null, weight: null }];
    const holds = (mcc: string, countries: string[]) => {
      const index = new PolicyIndex([{ countries: [], mccs: [mcc], prefixes: [], routes }]);
      return countries.map((country) => index.find({ country }) !== undefined);
    };
    expect(holds("647", ["YT", "RE"])).toEqual([true, true]);
    expect(holds("340", ["GF", "GP", "MQ", "BL", "MF"])).toEqual([true, true, true, true, true]);
    expect(holds("362", ["BQ", "CW", "SX"])).toEqual([true, true, true]);
    expect(holds("658", ["SH", "AC", "TA"])).toEqual([true, true, true]);
    expect(holds("425", ["IL", "PS"])).toEqual([true, true]);
    expect(holds("255", ["UA", "RU", "MD"])).toEqual([true, false, false]);
  });
});
