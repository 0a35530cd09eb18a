import { GraphQLDateTimeISO } from "graphql-scalars";
import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { builder } from "./builder.ts";

const decimal = /^-?\d{1,30}(\.\d{1,30})?$/;

function parseDecimal(value: unknown): string {
  if (typeof value === "string" && decimal.test(value)) return value;
  throw new GraphQLError('A Decimal is written as a string, for example "0.045".');
}

/** Without an exponent, as Prisma's decimals write small numbers. */
export const plainDecimal = (value: { toString(): string; toFixed?: () => string }): string =>
  typeof value === "object" && value.toFixed ? value.toFixed() : value.toString();

const { parseValue, parseLiteral, ...dateTime } = GraphQLDateTimeISO.toConfig();

/** The library only says that such a time is invalid. */
function checkZone(value: unknown): void {
  if (
    typeof value !== "string" ||
    !/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(value.trim())
  )
    return;
  throw new GraphQLError(
    `"${value.trim()}" has no time zone. Add Z for UTC or an offset: 2026-01-31T08:00:00Z, 2026-01-31T09:00:00+01:00.`,
  );
}

const DateTime = new GraphQLScalarType<Date, Date | string>({
  ...dateTime,
  parseValue(value) {
    checkZone(value);
    return parseValue(value);
  },
  parseLiteral(node, variables) {
    if (node.kind === Kind.STRING) checkZone(node.value);
    return parseLiteral(node, variables);
  },
});

builder.addScalarType("DateTime", DateTime, {
  description:
    "A moment in RFC 3339, always in UTC with milliseconds: `2026-01-31T08:00:00.000Z`. Input may have any offset.",
});

builder.scalarType("Decimal", {
  description: 'An exact decimal number as a string: `"0.045"`. Money is never a floating-point number.',
  serialize: plainDecimal,
  parseValue: parseDecimal,
  parseLiteral: (node) => parseDecimal(node.kind === Kind.STRING ? node.value : undefined),
});

builder.scalarType("Cursor", {
  description:
    "An opaque position in the event log. Give it to a subscription as `after`, and nothing that happened since " +
    "is missed.",
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === "string" && value.length <= 200) return value;
    throw new GraphQLError("A Cursor is a string that an earlier answer gave.");
  },
});
