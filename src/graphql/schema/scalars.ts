import { GraphQLDateTimeISO } from "graphql-scalars";
import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { isoTime } from "../../lib/iso-time.ts";
import { isStorableTime } from "../../lib/storable.ts";
import { builder } from "./builder.ts";

const decimal = /^-?\d{1,30}(\.\d{1,30})?$/;

function parseDecimal(value: unknown): string {
  if (typeof value === "string" && decimal.test(value)) return value;
  throw new GraphQLError('A Decimal is written as a string, for example "0.045".');
}

/** Without an exponent, which Prisma's decimals use for small numbers. */
export const plainDecimal = (value: { toString(): string; toFixed?: () => string }): string =>
  typeof value === "object" && value.toFixed ? value.toFixed() : value.toString();

/** Explains common mistakes; the library only says that the value is invalid. */
function readMoment(value: unknown): Date {
  const text = typeof value === "string" ? value.trim() : "";
  try {
    if (!/^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(text))
      return GraphQLDateTimeISO.parseValue(value);
  } catch {
    throw new GraphQLError(
      `${JSON.stringify(value)} is not a time. Write it like "2026-01-31T08:00:00Z", or with an offset: "2026-01-31T09:00:00+01:00".`,
    );
  }
  throw new GraphQLError(
    `"${text}" has no time zone. Add Z for UTC, or an offset: "2026-01-31T08:00:00Z", "2026-01-31T09:00:00+01:00".`,
  );
}

function readBounded(value: unknown): Date {
  const moment = readMoment(value);
  if (isStorableTime(moment)) return moment;
  throw new GraphQLError(`${JSON.stringify(value)} is not in a year from 1 to 9999 in UTC.`);
}

const DateTime = new GraphQLScalarType<Date, Date | string>({
  name: "DateTime",
  serialize: (value) => (value instanceof Date ? isoTime(value) : GraphQLDateTimeISO.serialize(value)),
  parseValue: readBounded,
  parseLiteral: (node) => readBounded(node.kind === Kind.STRING ? node.value : undefined),
});

builder.addScalarType("DateTime", DateTime, {
  description:
    "A time in RFC 3339. Output is in UTC with milliseconds: `2026-01-31T08:00:00.000Z`. Input may have any offset, and is in a year from 1 to 9999.",
});

builder.scalarType("Decimal", {
  description: 'An exact decimal number as a string: `"0.045"`. Money is never a floating-point number.',
  serialize: plainDecimal,
  parseValue: parseDecimal,
  parseLiteral: (node) => parseDecimal(node.kind === Kind.STRING ? node.value : undefined),
});

builder.scalarType("Cursor", {
  description:
    "An opaque position in the event log. Pass it to a subscription as `after`, and no event since then " +
    "is missed.",
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === "string" && value.length <= 200) return value;
    throw new GraphQLError("A Cursor is a string that an earlier answer gave.");
  },
});
