import * as fc from "fast-check";

export const basic = Array.from("aZ0 @£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà");
export const extension = Array.from("\f^{}\\[~]|€");
export const accents = Array.from("áčďľňŕšťžçôąęłşğıœ’“–…\u00A0");
const emoji = ["😀", "🚀", "👨‍👩‍👧", "🇸🇰", "👍🏽", "1️⃣", "e\u0301", "я", "中"];
const halves = ["\uD83D", "\uDE00"];

// Run lengths that end before, at and after the places where segments fill, for units of size 1 and 2.
const lengths = [33, 34, 35, 66, 67, 68, 69, 70, 71, 76, 77, 80, 81, 134, 135, 152, 153, 154, 159, 160, 161];
const runLength = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 3, arbitrary: fc.constantFrom(...lengths) },
  { weight: 1, arbitrary: fc.constantFrom(201, 202, 305, 306, 307) },
);

/** A few runs of one repeated character each, so that texts of many lengths fill their segments exactly. */
export function runsOf(characters: readonly string[]): fc.Arbitrary<string> {
  const run = fc.tuple(fc.constantFrom(...characters), runLength).map(([one, count]) => one.repeat(count));
  return fc.array(run, { minLength: 1, maxLength: 4 }).map((runs) => runs.join(""));
}

/** Texts of every kind: GSM-7 with and without extension, accents, emoji, lone surrogates, all of Unicode. */
export const generatedText = fc.oneof(
  runsOf([...basic, ...extension]),
  runsOf(["a", "€", "[", "^"]),
  runsOf([...basic, ...extension, ...accents]),
  runsOf(["a", "я", "😀"]),
  runsOf([...basic, ...extension, ...accents, ...emoji]),
  runsOf(["a", "я", "😀", ...halves]),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 170 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 170 }),
);
