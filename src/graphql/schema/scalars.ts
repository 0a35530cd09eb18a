import { GraphQLDateTimeISO } from "graphql-scalars";
import { GraphQLError, Kind } from "graphql";
import { builder } from "./builder.ts";

const decimal = /^-?\d{1,30}(\.\d{1,30})?$/;

function parseDecimal(value: unknown): string {
  if (typeof value === "string" && decimal.test(value)) return value;
  throw new GraphQLError('A Decimal is written as a string, for example "0.045".');
}

/** Without an exponent, as Prisma's decimals write small numbers. */
export const plainDecimal = (value: { toString(): string; toFixed?: () => string }): string =>
  typeof value === "object" && value.toFixed ? value.toFixed() : value.toString();

builder.addScalarType("DateTime", GraphQLDateTimeISO, {
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
