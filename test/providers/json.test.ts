import { array, assert, constantFrom, letrec, oneof, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson, readLenientJson } from "../../src/providers/wire/json.ts";

/** As the standard's own parser says it, each number by its literal. */
const byLiterals = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? context?.source : value,
  );

const literals = [
  "0",
  "-0",
  "-0.0",
  "0.0",
  "7",
  "-7",
  "10",
  "1.50",
  "0.045",
  "634.9288",
  "1E-3",
  "1e5",
  "1e+5",
  "0.000001",
  "0.0000001",
  "123456789",
  "1234567890",
  "12345678901234567890",
  "123456789.123456",
  "0.1234567",
  "1.0e0",
];

describe("Numbers in JSON", () => {
  it.each(literals)("the number %s in JSON is read as it is written, wherever it stands", (literal) => {
    for (const text of [
      literal,
      `[${literal}]`,
      `[1 , ${literal} ]`,
      `{"a" : ${literal}}`,
      `{"a":[{"b":${literal}}]}`,
    ])
      expect(readJson(text)).toEqual(byLiterals(text));
  });

  it("numbers in any JSON document are read as they are written", () => {
    const { value } = letrec<{ value: string }>((tie) => ({
      value: oneof(
        { depthSize: "small" },
        constantFrom(...literals, '"10:00:00"', '"1,2.50"', '"\\":1.0"', "true", "null"),
        array(tie("value"), { maxLength: 4 }).map((list) => `[${list.join(", ")}]`),
        tuple(tie("value"), tie("value")).map(([one, other]) => `{"a":${one},\n"b" :${other}}`),
      ),
    }));
    assert(
      property(value, (text) => {
        expect(readJson(text)).toEqual(byLiterals(text));
      }),
      { numRuns: 500 },
    );
  });
});

it("a document of a million values is not read", () => {
  expect(readJson(`[${"{},".repeat(200_000)}{}]`)).toHaveLength(200_001);
  expect(readJson(`[${"{},".repeat(400_000)}{}]`)).toBeUndefined();
});

describe("JSON that is not valid", () => {
  it("any text with control characters is read as it was meant", () => {
    const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code));
    assert(
      property(array(constantFrom(...controls, "a", "ž", "😀", "\u007F"), { minLength: 1 }), (characters) => {
        const text = characters.join("");
        expect(readLenientJson(`{"text":"${text}","n":1}`)).toEqual({ text, n: "1" });
      }),
    );
  });

  it.each([
    ["between letters", '{"a":"say "yes" now","b":1}', { a: 'say "yes" now', b: "1" }],
    ["at the beginning", '{"a":""yes" now","b":1}', { a: '"yes" now', b: "1" }],
    ["at the end of a line", '{"a":"say "yes"\n"b":1}', { a: 'say "yes', b: "1" }],
  ])("a quotation mark within a text is one of its characters: %s", (_where, text, read) => {
    expect(readLenientJson(text)).toEqual(read);
  });

  it("what is longer than a slip of a provider can make it is not repaired", () => {
    const [short, long] = [128 * 1024, 257 * 1024].map((pairs) => "a\t".repeat(pairs));
    expect(readLenientJson(`{"text":"${short}"}`)).toEqual({ text: short });
    expect(readLenientJson(`{"text":"${long}"}`)).toBeUndefined();
  });
});
