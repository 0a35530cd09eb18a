import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  forcingCharacters,
  measure,
  measureAs,
  previewText,
  toGsm7,
  type TextMeasure,
} from "../../src/sms/text.ts";
import { accents, basic, extension, generatedText, runsOf } from "./generated-texts.ts";
import { splitSmsMeasure, twilioMeasure } from "./oracles.ts";
import { runs } from "../support/runs.ts";

interface Comparisons {
  withTwilio: number;
  withSplitSms: number;
}

/** Like `expect(one).toEqual(other)`, which is too slow for hundreds of thousands that agree. */
function expectSame(one: object, other: object): void {
  if (!isDeepStrictEqual(one, other)) expect(one).toEqual(other);
}

function compare(text: string, compared: Comparisons, forced?: "UCS2"): void {
  const { unitsPerSegment: _, ...ours } = forced ? measureAs(text, forced) : measure(text);
  const splitSms = splitSmsMeasure(text, forced);
  expectSame({ text, ...ours }, { text, ...(splitSms ?? ours) });
  compared.withSplitSms += splitSms ? 1 : 0;
  const { measured: twilio, keptClusters } = twilioMeasure(text, forced);
  // It fills segments differently by design where it keeps grapheme clusters whole (see oracles.ts).
  const { segments, unitsLeft } = keptClusters ? twilio : ours;
  expectSame({ text, ...ours, segments, unitsLeft }, { text, ...twilio });
  compared.withTwilio += keptClusters ? 0 : 1;
}

describe("two independent packages agree with measure", () => {
  test("two packages agree with measure on every single code unit", () => {
    const compared = { withTwilio: 0, withSplitSms: 0 };
    for (let unit = 0; unit <= 0xffff; unit++) compare(String.fromCharCode(unit), compared);
    expect(compared).toEqual({ withTwilio: 0x1_0000, withSplitSms: 0x1_0000 - 2048 });
  });

  test("two packages agree with measure on generated texts", { timeout: 300_000 }, () => {
    const compared = { withTwilio: 0, withSplitSms: 0 };
    fc.assert(
      fc.property(generatedText, (text) => compare(text, compared)),
      runs(600),
    );
    expect(compared.withTwilio).toBeGreaterThan(500);
    expect(compared.withSplitSms).toBeGreaterThan(500);
  });

  test("two packages agree with measureAs on generated texts in UCS-2", { timeout: 300_000 }, () => {
    const compared = { withTwilio: 0, withSplitSms: 0 };
    fc.assert(
      fc.property(generatedText, (text) => compare(text, compared, "UCS2")),
      runs(300),
    );
    expect(compared.withTwilio).toBeGreaterThan(240);
    expect(compared.withSplitSms).toBeGreaterThan(240);
  });

  test.each([
    { filler: "a", pair: "€", upTo: 320 },
    { filler: "a", pair: "😀", upTo: 140 },
    { filler: "я", pair: "😀😀", upTo: 140 },
    { filler: "я", pair: "€", upTo: 140 },
    { filler: "я", pair: "\uD83D", upTo: 140 },
  ])("two packages agree with measure on $pair at every place among $filler", ({ filler, pair, upTo }) => {
    const compared = { withTwilio: 0, withSplitSms: 0 };
    for (let before = 0; before <= upTo; before++) {
      for (const after of [0, 1, 66]) compare(filler.repeat(before) + pair + filler.repeat(after), compared);
    }
    expect(compared.withTwilio).toBe((upTo + 1) * 3);
  });
});

describe("measure", () => {
  test("measure counts no segment for an empty text, where the packages count one", () => {
    const empty = { segments: 0, unitsUsed: 0 };
    expect(measure("")).toEqual({ ...empty, encoding: "GSM7", unitsPerSegment: 160, unitsLeft: 160 });
    expect(measureAs("", "UCS2")).toEqual({ ...empty, encoding: "UCS2", unitsPerSegment: 70, unitsLeft: 70 });
    expect(splitSmsMeasure("")?.segments).toBe(1);
  });

  test.each<[name: string, text: string, expected: Partial<TextMeasure>]>([
    ["160 septets", "a".repeat(160), { segments: 1, unitsPerSegment: 160, unitsLeft: 0 }],
    ["161 septets", "a".repeat(161), { segments: 2, unitsPerSegment: 153, unitsLeft: 145 }],
    ["306 septets", "a".repeat(306), { segments: 2, unitsLeft: 0 }],
    ["307 septets", "a".repeat(307), { segments: 3, unitsLeft: 152 }],
    ["€ as two septets", "€", { encoding: "GSM7", unitsUsed: 2 }],
    ["80 × €", "€".repeat(80), { segments: 1, unitsUsed: 160, unitsLeft: 0 }],
    ["an escape pair moved whole", `${"a".repeat(152)}€${"a".repeat(152)}`, { segments: 3, unitsLeft: 152 }],
    ["every extension character", extension.join(""), { encoding: "GSM7", unitsUsed: 20 }],
    ["70 code units", "я".repeat(70), { segments: 1, unitsPerSegment: 70, unitsLeft: 0 }],
    ["71 code units", "я".repeat(71), { segments: 2, unitsPerSegment: 67, unitsLeft: 63 }],
    ["134 code units", "я".repeat(134), { segments: 2, unitsLeft: 0 }],
    ["a surrogate pair moved whole", `${"я".repeat(66)}😀${"я".repeat(67)}`, { segments: 3, unitsLeft: 65 }],
    ["€ as one unit in UCS-2", "я€", { encoding: "UCS2", unitsUsed: 2 }],
    ["a lone surrogate as one unit", "a\uD83D", { encoding: "UCS2", unitsUsed: 2 }],
    ["the escape code itself", "\u001B", { encoding: "UCS2" }],
  ])("measure counts %s", (_name, text, expected) => expect(measure(text)).toMatchObject(expected));

  test("measure accepts exactly the letters of the standard's table as GSM-7", () => {
    for (const letter of "ñÑàäöüßøÅæéÉèùìòÇΩΔ¤§")
      expect([letter, measure(letter).encoding]).toEqual([letter, "GSM7"]);
    // 0x09 is the capital Ç; á, À and È look as likely as à, è and É and are not there either.
    for (const letter of "çáÀÈóúíčΑω`\t")
      expect([letter, measure(letter).encoding]).toEqual([letter, "UCS2"]);
  });

  test("measure says exactly how much still fits in the last segment", () => {
    fc.assert(
      fc.property(generatedText, (text) => {
        const { segments, unitsLeft } = measure(text);
        expect(measure(text + "a".repeat(unitsLeft))).toMatchObject({ segments, unitsLeft: 0 });
        expect(measure(text + "a".repeat(unitsLeft + 1)).segments).toBe(segments + 1);
      }),
      runs(1000),
    );
  });
});

describe("forcingCharacters", () => {
  test("forcingCharacters gives each character with its position in UTF-16 code units", () => {
    expect(forcingCharacters("€ it’s 😀ž\uD83D")).toEqual([
      { character: "’", position: 4, codePoint: "U+2019", replacement: "'" },
      { character: "😀", position: 7, codePoint: "U+1F600", replacement: null },
      { character: "ž", position: 9, codePoint: "U+017E", replacement: "z" },
      { character: "\uFFFD", position: 10, codePoint: "U+D83D", replacement: null },
    ]);
  });

  test("forcingCharacters finds none exactly when a text measures as GSM-7", () => {
    fc.assert(
      fc.property(generatedText, (text) => {
        expect(forcingCharacters(text).length === 0).toBe(measure(text).encoding === "GSM7");
      }),
    );
  });

  test("forcingCharacters offers only GSM-7 replacements, for all of Unicode", () => {
    const wrong: string[] = [];
    for (let codePoint = 0; codePoint <= 0x10_ffff; codePoint++) {
      const [forcing] = forcingCharacters(String.fromCodePoint(codePoint));
      if (forcing?.replacement && measure(forcing.replacement).encoding !== "GSM7")
        wrong.push(forcing.codePoint);
    }
    expect(wrong).toEqual([]);
  });
});

describe("toGsm7", () => {
  test.each([
    ["GSM-7 as it is", "Ç€[ñ]\n ΩåØß ~", "Ç€[ñ]\n ΩåØß ~"],
    ["quotation marks", "‘a’ “b” „c“ «d» ‹e› `f´", "'a' \"b\" \"c\" \"d\" 'e' 'f'"],
    ["dashes and dots", "a–b—c‑d−e…", "a-b-c-d-e..."],
    ["spaces", "a\u00A0b\u202Fc\u2003d\te\u2028f", "a b c d e\nf"],
    ["zero-width characters", "\uFEFFa\u200Bb\u200Dc\u00ADd\u2060e\uFE0F", "abcde"],
    ["symbols", "• Foo™ № 5, 3×4 → 20°C", "- FooTM No 5, 3x4 -> 20degC"],
    ["letters typed with combining accents", "cafe\u0301 c\u030Cas u\u0308ber", "café cas über"],
    ["compatibility forms", "ﬁn Ａ１！ 𝗙𝗥𝗘𝗘 Ⅷ Å Ω", "fin A1! FREE VIII Å Ω"],
    ["Slovak", "Vážený zákazník, ďakujeme. Ľúbezná ŕba.", "Vazeny zakaznik, dakujeme. Lubezna rba."],
    ["Czech", "Příliš žluťoučký kůň úpěl", "Prilis zlutoucky kun upel"],
    ["Polish", "Zażółć gęślą jaźń, ŁÓDŹ", "Zazolc gesla jazn, LODZ"],
    ["Hungarian", "árvíztűrő tükörfúrógép", "arvizturo tükörfurogép"],
    ["Romanian", "știință și țară, ş ţ", "stiinta si tara, s t"],
    ["Croatian", "Đurđevac, čćšž, ǆ", "Durdevac, ccsz, dz"],
    ["Turkish", "ışık ğüşİç", "isik güsIc"],
    ["French", "Œuvre, cœur, ça, été, août", "OEuvre, coeur, ca, été, aout"],
    ["German", "Straße GROẞ „Öl“", 'Straße GROSS "Öl"'],
    ["Danish", "smørrebrød på Ærø, ǿ", "smørrebrød på Ærø, ø"],
    ["Icelandic", "Þór, maður, það", "Thor, madur, thad"],
    ["Vietnamese", "Tiếng Việt, Đặng", "Tieng Viet, Dang"],
  ])("toGsm7 rewrites %s", (_name, text, expected) => expect(toGsm7(text)).toBe(expected));

  test.each([
    ["Cyrillic", "Привет"],
    ["small Greek", "γειά"],
    ["Chinese", "中文"],
    ["emoji", "ok 😀"],
    ["a keycap", "1️⃣"],
    ["one such character among others", "dobrý deň я"],
    ["a lone surrogate", "a\uDE00"],
    ["a character whose rewrite would change the meaning", "1½"],
    ["a stroke that negates", "a ≠ b"],
    ["the same stroke typed separately", "a =\u0338 b"],
  ])("toGsm7 refuses %s", (_name, text) => expect(toGsm7(text)).toBeNull());

  const rewritable = runsOf([...basic, ...extension, ...accents, "e\u0301", "\u0301", "\u200B", "Ώ"]);

  test("toGsm7 gives GSM-7, and leaves it unchanged the second time", () => {
    fc.assert(
      fc.property(rewritable, (text) => {
        const rewritten = toGsm7(text);
        expect(rewritten).not.toBeNull();
        expect(measure(rewritten ?? "").encoding).toBe("GSM7");
        expect(toGsm7(rewritten ?? "")).toBe(rewritten);
      }),
      runs(500),
    );
  });

  test("toGsm7 refuses exactly the texts with a character that has no replacement", () => {
    const mark = fc.constantFrom("\u0301", "\u030C", "\u0327", "\u0338", "\u0344", "a", "=", "Ω", "ł", "я");
    const anyText = fc.oneof(generatedText, fc.string({ unit: fc.oneof(mark, fc.string({ maxLength: 1 })) }));
    fc.assert(
      fc.property(anyText, (text) => {
        const irreplaceable = forcingCharacters(text).some(({ replacement }) => replacement === null);
        expect(toGsm7(text) === null).toBe(irreplaceable);
      }),
      runs(1000),
    );
  });
});

describe("previewText", () => {
  test("previewText shows what one curly apostrophe costs", () => {
    const text = `Don’t forget: ${"a".repeat(100)}`;
    expect(previewText(text)).toEqual({
      encoding: "UCS2",
      segments: 2,
      unitsUsed: 114,
      unitsPerSegment: 67,
      unitsLeft: 20,
      forcingCharacters: [{ character: "’", position: 3, codePoint: "U+2019", replacement: "'" }],
      gsmSafeText: `Don't forget: ${"a".repeat(100)}`,
      segmentsSaved: 1,
    });
  });

  test("previewText offers no rewrite for GSM-7, nor for a text that cannot be rewritten", () => {
    const nothing = { gsmSafeText: null, segmentsSaved: 0 };
    expect(previewText("Hello €")).toEqual({ ...measure("Hello €"), forcingCharacters: [], ...nothing });
    expect(previewText("Hello 😀’")).toMatchObject({ ...nothing, forcingCharacters: { length: 2 } });
  });

  test.each([
    "Vážený zákazník, vaša zásielka číslo 7730 bude doručená zajtra medzi 10:00 a 12:00. Ďakujeme!",
    "Váš kód je 482913. Nikomu ho nehovorte.",
    "Dzień dobry, przesyłka czeka w paczkomacie. Kod odbioru: 991-204. Dziękujemy za zakupy – zespół „Łódź”.",
    "We’ve got your order — it’s on its way… Track it: https://example.com/t/1?x=[1]",
    "Réservation confirmée : l’hôtel vous attend dès 14 h. À bientôt, l’équipe de l’Œuf",
    "Szeretettel várjuk Önt holnap 10 órakor! Üdvözlettel: Fogászati Rendelő, Győr",
    "Sayın müşterimiz, siparişiniz kargoya verilmiştir. İyi günler dileriz.",
    "Olá! A sua encomenda está pronta. Até já • Loja Nº 5",
  ])("previewText never makes %j longer", (text) => {
    const preview = previewText(text);
    expect(preview.encoding).toBe("UCS2");
    expect(preview.gsmSafeText).not.toBeNull();
    expect(preview.segmentsSaved).toBe(preview.segments - 1);
  });

  test("previewText says when the rewrite takes more segments", () => {
    expect(previewText("…".repeat(70)).segmentsSaved).toBe(-1);
  });
});
