import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placePrice, type PricePeriod } from "../../../src/pricing/rates/rate-history.ts";

const hour = (count: number): Date => new Date(Date.UTC(2026, 0, 1) + count * 3_600_000);
const period = (price: string, from: number, until?: number): PricePeriod => ({
  price,
  currency: "EUR",
  validFrom: hour(from),
  validUntil: until === undefined ? null : hour(until),
});

/** Writes the prices one after the other, as the store does. */
function write(prices: readonly PricePeriod[]): PricePeriod[] {
  let history: PricePeriod[] = [];
  for (const wanted of prices) {
    const { ended, added } = placePrice(history, wanted);
    for (const { period: known, validUntil } of ended) known.validUntil = validUntil;
    if (added) history = [...history, added];
  }
  return history;
}

const validAt = (history: readonly PricePeriod[], at: Date): string[] =>
  history
    .filter(({ validFrom, validUntil }) => validFrom <= at && (validUntil === null || at < validUntil))
    .map(({ price }) => price);

const priceAt = fc
  .record({
    price: fc.constantFrom("1", "1.0", "2", "3"),
    from: fc.nat(20),
    length: fc.option(fc.integer({ min: 1, max: 10 })),
  })
  .map(({ price, from, length }) => period(price, from, length === null ? undefined : from + length));

describe("the history of a price", () => {
  test("a new price ends the one before and keeps it", () => {
    expect(write([period("1", 0), period("2", 5)])).toEqual([period("1", 0, 5), period("2", 5)]);
  });

  test("writing the same price again changes nothing", () => {
    expect(write([period("0.045", 0), period("0.0450", 5)])).toEqual([period("0.045", 0)]);
  });

  test("a price that is written with another end gets this end", () => {
    expect(write([period("1", 0, 5), period("1", 2)])).toEqual([period("1", 0)]);
    expect(write([period("1", 0), period("1", 2, 5)])).toEqual([period("1", 0, 5)]);
  });

  test("an earlier price lasts until the next known one", () => {
    expect(write([period("2", 5), period("1", 0)])).toEqual([period("2", 5), period("1", 0, 5)]);
  });

  test("a price replaced at its very start is kept without any validity", () => {
    expect(write([period("1", 5), period("2", 5)])).toEqual([period("1", 5, 5), period("2", 5)]);
  });

  test("every moment has at most one price, and a price's start has the one written last", () => {
    fc.assert(
      fc.property(fc.array(priceAt, { minLength: 1, maxLength: 12 }), (prices) => {
        const history = write(prices);
        for (let count = 0; count <= 31; count++)
          expect(validAt(history, hour(count)).length).toBeLessThanOrEqual(1);
        const last = prices.at(-1) as PricePeriod;
        expect(validAt(history, last.validFrom).map(Number)).toEqual([Number(last.price)]);
      }),
      { numRuns: 500 },
    );
  });

  test("after writing in order of time, every moment has the price that began last and has not ended", () => {
    fc.assert(
      fc.property(fc.array(priceAt, { maxLength: 12 }), (unordered) => {
        const prices = unordered.toSorted(
          (one, other) => one.validFrom.getTime() - other.validFrom.getTime(),
        );
        const history = write(prices.map((one) => ({ ...one })));
        for (let count = 0; count <= 31; count++) {
          const latest = prices.findLast(({ validFrom }) => validFrom <= hour(count));
          const isOver = latest?.validUntil != null && latest.validUntil <= hour(count);
          expect(validAt(history, hour(count)).map(Number)).toEqual(
            latest && !isOver ? [Number(latest.price)] : [],
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test("repeating the last price does not change the history", () => {
    fc.assert(
      fc.property(fc.array(priceAt, { minLength: 1, maxLength: 12 }), (prices) => {
        const last = prices.at(-1) as PricePeriod;
        expect(write([...prices, { ...last }])).toEqual(write(prices.map((one) => ({ ...one }))));
      }),
      { numRuns: 500 },
    );
  });
});
