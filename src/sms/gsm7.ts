/**
 * The GSM 7-bit default alphabet, and replacements for characters that it lacks. A rewrite may lose
 * typography, never meaning: ½ and ² have no entry, since "1½" would read 11/2 and "10²" would read 102.
 */

// 3GPP TS 23.038, 6.2.1, in code order. 0x1B is the escape, not a character. 0x09 is the capital Ç; Unicode's
// GSM0338.TXT guesses that the small one was meant, the standard's table does not.
const basicAlphabet =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
  " !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmnopqrstuvwxyzäöñüà";

// 3GPP TS 23.038, 6.2.1.1: reached by an escape, so each takes two septets.
const extensionTable = "\f^{}\\[~]|€";

// One entry for every UTF-16 code unit: indexed access without a range check keeps `measure` fast.
const septetsOfCodeUnit = new Uint8Array(0x1_0000);
for (const character of basicAlphabet) septetsOfCodeUnit[character.charCodeAt(0)] = 1;
for (const character of extensionTable) septetsOfCodeUnit[character.charCodeAt(0)] = 2;

/**
 * Septets a UTF-16 code unit takes in GSM-7: 1 for the default alphabet, 2 for the extension table, 0 when it
 * has no place there (surrogates included). Source: 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
 */
export function septetsOf(codeUnit: number): number {
  return septetsOfCodeUnit[codeUnit] ?? 0;
}

const charactersByReplacement: readonly (readonly [replacement: string, characters: string])[] = [
  // Quotation marks, primes and free-standing accents used as such.
  ["'", "‘’‚‛‹›′‵ʹʻʼʽˈˊˋ´`"],
  ['"', "“”„‟«»″‶ʺˮ〝〞"],
  ["-", "‐‑‒–—―−⁃•‣◦﹘﹣"],
  ["...", "…"],
  ["..", "‥"],
  [".", "·‧∙。"],
  [",", "、"],
  ["/", "⁄∕÷"],
  ["*", "∗⁎"],
  ["|", "¦∣"],
  ["^", "ˆ"],
  ["~", "˜∼≈"],
  ["x", "×"],
  ["+/-", "±"],
  ["<=", "≤"],
  [">=", "≥"],
  ["<-", "←"],
  ["->", "→"],
  ["(c)", "©"],
  ["(R)", "®"],
  ["TM", "™"],
  ["SM", "℠"],
  ["No", "№"],
  ["deg", "°"],
  ["u", "µ"],
  ["c", "¢"],
  ["Rs", "₹"],
  // White space that is not a space separator.
  [" ", "\t"],
  ["\n", "\u000B\u0085\u2028\u2029"],
  // Latin letters that Unicode does not decompose.
  ["d", "đðɖ"],
  ["D", "ĐÐƉ"],
  ["e", "ə"],
  ["E", "Ə"],
  ["f", "ƒ"],
  ["h", "ħ"],
  ["H", "Ħ"],
  ["i", "ıɨ"],
  ["I", "Ɨ"],
  ["j", "ȷ"],
  ["k", "ĸ"],
  ["l", "łƚ"],
  ["L", "ŁȽ"],
  ["n", "ŋ"],
  ["N", "Ŋ"],
  ["oe", "œ"],
  ["OE", "Œ"],
  ["SS", "ẞ"],
  ["t", "ŧ"],
  ["T", "Ŧ"],
  ["th", "þ"],
  ["Th", "Þ"],
  ["z", "ƶ"],
  ["Z", "Ƶ"],
];

const listedReplacements = new Map(
  charactersByReplacement.flatMap(([replacement, characters]) =>
    Array.from(characters, (character) => [character, replacement] as const),
  ),
);

const spaceSeparator = /^\p{Zs}$/u;
// Controls and zero-width characters: joiners, direction marks, soft hyphens, variation selectors.
const invisible = /^[\p{Cc}\p{Default_Ignorable_Code_Point}]$/u;
// Overlays (U+0334 to U+0338) are left out: they strike text through, and turn = into ≠.
const diacritic = /^[\u0300-\u0333\u0339-\u036F]$/u;
// Letters, Roman numerals, full-width forms and mathematical alphabets. Other symbols are not taken apart:
// ≠ would lose its stroke.
const decomposable = /^[\p{L}\p{Nl}\uFF01-\uFF5E\u{1D400}-\u{1D7FF}]$/u;

/**
 * The GSM-7 replacement for one character that is not in GSM-7: "" when dropping it loses nothing, null when
 * there is no harmless replacement. Cyrillic, emoji and lone surrogates have none.
 */
export function replacementFor(character: string): string | null {
  return directReplacement(character) ?? decomposed(character);
}

function directReplacement(character: string): string | null {
  const listed = listedReplacements.get(character);
  if (listed !== undefined) return listed;
  if (spaceSeparator.test(character)) return " ";
  return invisible.test(character) || diacritic.test(character) ? "" : null;
}

function decomposed(character: string): string | null {
  // Some characters only duplicate another one, as the ohm sign duplicates Ω: NFC replaces them.
  const composed = character.normalize("NFC");
  if (composed !== character)
    return septetsOf(composed.charCodeAt(0)) > 0 ? composed : replacementFor(composed);
  if (!decomposable.test(character)) return null;
  let text = "";
  for (const part of character.normalize("NFKD")) {
    const known = septetsOf(part.charCodeAt(0)) > 0 ? part : directReplacement(part);
    if (known === null) return null;
    text += known;
  }
  return text;
}

// The accented letters of Europe's languages are computed once, not for every text.
for (let codeUnit = 0xc0; codeUnit < 0x250; codeUnit++) {
  const letter = String.fromCharCode(codeUnit);
  const replacement = septetsOf(codeUnit) > 0 ? null : replacementFor(letter);
  if (replacement !== null) listedReplacements.set(letter, replacement);
}
