import { Prisma } from "../../src/database/generated/client.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, compare, multiply, subtract, sumByCurrency } from "../../src/lib/money.ts";

/** An independent, slow arithmetic with more digits than any amount here has. */
const Decimal = Prisma.Decimal.clone({ precision: 200, toExpNeg: -200, toExpPos: 200 });

const amount = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 24n }),
    fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
    fc.nat(20),
  )
  .map(([isNegative, whole, fraction, digits]) => {
    const shown = fraction.toString().padStart(20, "0").slice(0, digits);
    return `${isNegative ? "-" : ""}${whole}${shown === "" ? "" : `.${shown}`}`;
  });
const plain = (value: InstanceType<typeof Decimal>): string => new Decimal(value).plus(0).toFixed();

describe("money", () => {
  test("money is exact to the last decimal, whatever is added, subtracted, multiplied or compared", () => {
    fc.assert(
      fc.property(amount, amount, fc.nat(1000), (one, other, segments) => {
        expect(new Decimal(add(one, other)).eq(new Decimal(one).plus(other))).toBe(true);
        expect(new Decimal(subtract(one, other)).eq(new Decimal(one).minus(other))).toBe(true);
        expect(new Decimal(multiply(one, segments)).eq(new Decimal(one).mul(segments))).toBe(true);
        expect(compare(one, other)).toBe(new Decimal(one).cmp(other));
      }),
      { numRuns: 500 },
    );
  });

  test("money reads equal where it is equal: without an exponent and without zeros at its end", () => {
    fc.assert(
      fc.property(amount, (one) => {
        const written = add(one, "0");
        expect(written).toMatch(/^-?\d+(\.\d*[1-9])?$/);
        expect(written.replace(/^-(?=0$)/, "")).toBe(plain(new Decimal(one)).replace(/^-(?=0$)/, ""));
      }),
    );
    expect([multiply("0.0450", 2), multiply("0.000000000001", 3), add("0.1", "0.2")]).toEqual([
      "0.09",
      "0.000000000003",
      "0.3",
    ]);
  });

  test("money is summed for each currency and never across", () => {
    const currency = fc.constantFrom("EUR", "USD", "NGN");
    fc.assert(
      fc.property(fc.array(fc.record({ amount, currency })), (costs) => {
        const sums = sumByCurrency(costs);
        expect(sums.map((sum) => sum.currency)).toEqual(
          [...new Set(costs.map((cost) => cost.currency))].toSorted(),
        );
        for (const sum of sums) {
          const own = costs.filter((cost) => cost.currency === sum.currency);
          const total = own.reduce((all, cost) => all.plus(cost.amount), new Decimal(0));
          expect(new Decimal(sum.amount).eq(total)).toBe(true);
        }
      }),
    );
  });

  test.each(["", "1e3", "0x1", "1.", ".5", "NaN", "1,5", " 1"])("an amount is never guessed: %j", (text) => {
    expect(() => multiply(text, 1)).toThrow("is not a decimal number");
  });
});
