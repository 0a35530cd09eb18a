/** An exact decimal number as text (`"0.045"`). Money is never a float. */
export type DecimalText = string;

/** An amount in a currency. */
export interface Amount {
  amount: DecimalText;
  currency: string;
}

/** `units` times ten to the power of `-scale`. Exact, and faster than a decimal library. */
interface FixedPoint {
  units: bigint;
  scale: number;
}

/** @throws Error for anything that is not a plain decimal number: money is never guessed */
function parse(text: DecimalText): FixedPoint {
  if (!/^[+-]?\d+(?:\.\d+)?$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a decimal number`);
  const point = text.indexOf(".");
  if (point === -1) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

/** No exponent and no trailing zeros: equal amounts give equal texts. */
function write({ units, scale }: FixedPoint): DecimalText {
  const isNegative = units < 0n;
  const digits = String(isNegative ? -units : units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? "" : digits.slice(-scale).replace(/0+$/, "");
  return `${isNegative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

function rescale({ units, scale }: FixedPoint, wanted: number): bigint {
  return scale === wanted ? units : units * 10n ** BigInt(wanted - scale);
}

function sum(one: FixedPoint, other: FixedPoint): FixedPoint {
  const scale = Math.max(one.scale, other.scale);
  return { units: rescale(one, scale) + rescale(other, scale), scale };
}

/** The exact price of a number of segments. */
export function multiply(price: DecimalText, segments: number): DecimalText {
  const { units, scale } = parse(price);
  return write({ units: units * BigInt(segments), scale });
}

/** The exact sum of two amounts of one currency. */
export function add(one: DecimalText, other: DecimalText): DecimalText {
  return write(sum(parse(one), parse(other)));
}

/** The exact difference of two amounts of one currency. */
export function subtract(one: DecimalText, other: DecimalText): DecimalText {
  return write(sum(parse(one), negative(parse(other))));
}

/** Negative, zero or positive, when `one` is less than, equal to or greater than `other`. */
export function compare(one: DecimalText, other: DecimalText): number {
  const { units } = sum(parse(one), negative(parse(other)));
  return units === 0n ? 0 : units < 0n ? -1 : 1;
}

const negative = ({ units, scale }: FixedPoint): FixedPoint => ({ units: -units, scale });

/** One exact sum per currency, ordered by code. Amounts of different currencies are never added. */
export function sumByCurrency(costs: Iterable<Amount>): Amount[] {
  const sums = new Map<string, FixedPoint>();
  for (const { amount, currency } of costs) {
    const known = sums.get(currency);
    sums.set(currency, known ? sum(known, parse(amount)) : parse(amount));
  }
  return [...sums]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([currency, total]) => ({ amount: write(total), currency }));
}
