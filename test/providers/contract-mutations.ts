import { type Arbitrary, constantFrom, double, record, string } from "fast-check";

/** Something done to a slice of a body. Positions are parts of its length. */
export interface Mutation {
  what: "delete" | "insert" | "duplicate" | "replace";
  at: number;
  length: number;
  to: number;
  inserted: string;
}

const part = double({ min: 0, max: 1, noNaN: true });

/** Pieces that mean something in one syntax or the other, beside any text. */
const pieces = constantFrom(
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "<",
  ">",
  "</",
  "&",
  "&#0;",
  "\\u0000",
  "\\ud800",
  "null",
  "-1",
  "1e999",
);

export const mutation: Arbitrary<Mutation> = record({
  what: constantFrom("delete", "insert", "duplicate", "replace"),
  at: part,
  length: part,
  to: part,
  inserted: constantFrom(pieces, string()).chain((one) => one),
});

export function mutate(body: string, { what, at, length, to, inserted }: Mutation): string {
  const start = Math.floor(at * body.length);
  // Short slices leave something that may still be read.
  const end = Math.min(body.length, start + 1 + Math.floor(length ** 3 * body.length));
  const [before, slice, after] = [body.slice(0, start), body.slice(start, end), body.slice(end)];
  switch (what) {
    case "delete":
      return before + after;
    case "replace":
      return before + inserted + after;
    case "insert":
      return before + inserted + slice + after;
    case "duplicate": {
      const place = Math.floor(to * body.length);
      return body.slice(0, place) + slice + body.slice(place);
    }
  }
}
