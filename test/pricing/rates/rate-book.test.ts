import list from "mcc-mnc-list";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { multiply, sumByCurrency } from "../../../src/lib/money.ts";
import {
  countryOf,
  isUsedIn,
  mccsOf,
  networkName,
  usualNetwork,
} from "../../../src/pricing/rates/networks.ts";
import { countryName, parseCountry } from "../../../src/sms/countries.ts";
import { createRateBook, type KnownRate } from "../../../src/pricing/rates/rate-book.ts";

const day = (count: number): Date => new Date(Date.UTC(2026, 0, 1) + count * 86_400_000);

let ids = 0;
const rate = (values: Partial<KnownRate>): KnownRate => ({
  id: `rate-${ids++}`,
  providerId: "p",
  mcc: "231",
  mnc: null,
  country: "SK",
  price: "0.05",
  currency: "EUR",
  validFrom: day(0),
  validUntil: null,
  ...values,
});

const priceOf = (rates: KnownRate[], destination: { country: string | null; mccmnc?: string }, at = day(1)) =>
  createRateBook(rates).find("p", destination, at)?.price;

describe("the rate of a destination", () => {
  const rates = [
    rate({ mnc: "01", price: "0.01" }),
    rate({ mnc: "02", price: "0.03" }),
    rate({ price: "0.02" }),
    rate({ mcc: "230", mnc: "01", country: "CZ", price: "0.04" }),
    rate({ mcc: "230", mnc: "02", country: "CZ", price: "0.06" }),
  ];

  test("the rate is that of the network when known, however its code is padded", () => {
    expect(priceOf(rates, { country: "SK", mccmnc: "23101" })).toBe("0.01");
    expect(priceOf(rates, { country: "SK", mccmnc: "231001" })).toBe("0.01");
    expect(priceOf(rates, { country: null, mccmnc: "23102" })).toBe("0.03");
  });

  test("the rate is that of the whole country for an unknown or another network", () => {
    expect(priceOf(rates, { country: "SK", mccmnc: "23199" })).toBe("0.02");
    expect(priceOf(rates, { country: "SK" })).toBe("0.02");
  });

  test("the rate is the highest of the country's networks when the country has none", () => {
    expect(priceOf(rates, { country: "CZ" })).toBe("0.06");
  });

  test("there is no rate for another country, another provider or an unknown country", () => {
    expect(priceOf(rates, { country: "PL" })).toBeUndefined();
    expect(priceOf(rates, { country: null })).toBeUndefined();
    expect(createRateBook(rates).find("other", { country: "SK" }, day(1))).toBeUndefined();
  });

  test("a rate applies from its first moment up to, but not including, its last", () => {
    const history = [rate({ price: "1", validUntil: day(5) }), rate({ price: "2", validFrom: day(5) })];
    const book = createRateBook(history);
    const prices = [-1, 0, 4, 5, 6, 4].map((count) => book.find("p", { country: "SK" }, day(count))?.price);
    expect(prices).toEqual([undefined, "1", "1", "2", "2", "1"]);
    const changes = [-1, 0, 4, 5, 6, 4].map((count) => book.nextChangeAfter(day(count)));
    expect(changes).toEqual(
      [0, 5, 5, Infinity, Infinity, 5].map((count) => (count === Infinity ? count : +day(count))),
    );
  });

  test("a shared code gives a country its own rate", () => {
    const shared = [
      rate({ mcc: "234", country: "GB", price: "0.02" }),
      rate({ mcc: "234", country: "JE", price: "0.09" }),
    ];
    expect(priceOf(shared, { country: "GB", mccmnc: "23410" })).toBe("0.02");
    expect(priceOf(shared, { country: "JE" })).toBe("0.09");
    expect(priceOf(shared.slice(0, 1), { country: "JE" })).toBe("0.02");
  });
});

/** In units of 10^-8. */
const scaled = ({ units, scale }: { units: bigint; scale: number }): bigint =>
  units * 10n ** BigInt(8 - scale);

describe("generated tables and recipients", () => {
  const networks = list
    .all()
    .filter(
      ({ mcc, mnc, countryCode }) =>
        /^\d{3}$/.test(mcc) && /^\d{2,3}$/.test(mnc) && /^[A-Z]{2}$/.test(countryCode),
    )
    .slice(0, 300);
  const tableOf = fc.array(
    fc.record({
      network: fc.constantFrom(...networks),
      isWhole: fc.boolean(),
      units: fc.integer({ min: 0, max: 10_000_000 }),
      scale: fc.integer({ min: 0, max: 8 }),
      currency: fc.constantFrom("EUR", "USD"),
      providerId: fc.constantFrom("p", "q"),
    }),
    { maxLength: 60 },
  );
  const recipientsOf = fc.array(
    fc.record({
      network: fc.constantFrom(...networks),
      isNetworkKnown: fc.boolean(),
      segments: fc.integer({ min: 1, max: 255 }),
      providerId: fc.constantFrom("p", "q"),
    }),
    { maxLength: 100 },
  );

  test("generated messages cost what an independent calculation gives, to the last decimal", () => {
    fc.assert(
      fc.property(tableOf, recipientsOf, (table, recipients) => {
        // As in the store: one price per network at a time, one currency per provider.
        const rows = new Map<string, { rate: KnownRate; units: bigint; scale: number }>();
        for (const { network, isWhole, units, scale, currency: _currency, providerId } of table) {
          const mnc = isWhole ? null : network.mnc;
          const digits = String(units).padStart(scale + 1, "0");
          const price = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
          const currency = providerId === "p" ? "EUR" : "USD";
          const { mcc, countryCode: country } = network;
          const key = `${providerId} ${mcc} ${mnc === null ? country : Number(mnc)}`;
          rows.set(key, {
            rate: rate({ providerId, mcc, mnc, country, price, currency }),
            units: BigInt(units),
            scale,
          });
        }
        const book = createRateBook([...rows.values()].map((row) => row.rate));
        const charged = recipients.flatMap(({ network, isNetworkKnown, segments, providerId }) => {
          const mccmnc = isNetworkKnown ? network.mcc + network.mnc : null;
          const found = book.find(providerId, { country: network.countryCode, mccmnc }, day(1));
          return found ? [{ amount: multiply(found.price, segments), currency: found.currency }] : [];
        });

        // The independent calculation: in units of 10^-8, directly from the table.
        const sums = new Map<string, bigint>();
        let count = 0;
        for (const { network, isNetworkKnown, segments, providerId } of recipients) {
          const own = [...rows.values()].filter((row) => row.rate.providerId === providerId);
          const greatest = (found: typeof own) =>
            found.length === 0
              ? undefined
              : found.map(scaled).reduce((one, other) => (one > other ? one : other));
          const inMcc = own.filter((row) => row.rate.mcc === network.mcc);
          const whole = inMcc.filter((row) => row.rate.mnc === null);
          // A network that several countries use is a network of each of them.
          const country = own.filter(
            ({ rate: known }) =>
              known.country === network.countryCode ||
              (known.mnc !== null &&
                isUsedIn(known, network.countryCode) &&
                isUsedIn(known, known.country ?? network.countryCode)),
          );
          const isCovered = (row: (typeof own)[number]) =>
            row.rate.mnc !== null &&
            country.some(({ rate: known }) => known.mnc === null && known.mcc === row.rate.mcc);
          const shared = own.filter((row) => mccsOf(network.countryCode).includes(row.rate.mcc));
          const isOfNetwork = (row: (typeof own)[number]) => Number(row.rate.mnc) === Number(network.mnc);
          const choices = [
            ...(isNetworkKnown
              ? [
                  inMcc.filter((row) => row.rate.mnc !== null && isOfNetwork(row)),
                  whole.filter((row) => row.rate.country === network.countryCode),
                  whole,
                ]
              : []),
            country.filter((row) => !isCovered(row)),
            shared.filter((row) => row.rate.mnc === null),
            shared.filter((row) => row.rate.mnc !== null),
          ];
          const price = choices.map(greatest).find((found) => found !== undefined);
          if (price === undefined) continue;
          count++;
          const currency = providerId === "p" ? "EUR" : "USD";
          sums.set(currency, (sums.get(currency) ?? 0n) + price * BigInt(segments));
        }
        expect(charged).toHaveLength(count);
        const exact = sumByCurrency(charged).map(({ amount, currency }) => {
          const [whole = "", fraction = ""] = amount.split(".");
          return [currency, BigInt(whole + fraction.padEnd(8, "0"))];
        });
        expect(exact).toEqual([...sums].toSorted(([one], [other]) => (one < other ? -1 : 1)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("networks and countries", () => {
  test("networks and countries have names and codes", () => {
    expect(countryOf({ mcc: "231", mnc: "01" })).toBe("SK");
    expect(countryOf({ mcc: "255", mnc: null })).toBe("UA");
    expect(countryName("UA")).toBe("Ukraine");
    expect(networkName({ mcc: "231", mnc: "001" })).toBe("Orange");
    expect(networkName({ mcc: "231", mnc: null })).toBeUndefined();
    expect(usualNetwork({ mcc: "255", mnc: "001" })).toEqual({ mcc: "255", mnc: "01" });
    expect(parseCountry("ukraine")).toBe("UA");
    expect(parseCountry("sk")).toBe("SK");
    expect(parseCountry("Atlantis")).toBeUndefined();
  });
});
