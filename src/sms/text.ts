import { replacementFor, septetsOf } from "./gsm7.ts";

/** How a text travels: in septets of the GSM 7-bit default alphabet, or in UTF-16 code units. */
export type TextEncoding = "GSM7" | "UCS2";

/** What a text takes up. A unit is a septet in GSM-7 and a UTF-16 code unit in UCS-2. */
export interface TextMeasure {
  encoding: TextEncoding;
  /** SMS segments it is sent and charged as; 0 for an empty text, which is no message. */
  segments: number;
  /** Units of the text itself; a unit left free before an unsplittable pair is not counted. */
  unitsUsed: number;
  /** 160 (GSM-7) or 70 (UCS-2) in a single segment; 153 or 67 in each of several. */
  unitsPerSegment: number;
  /** Units that still fit in the last segment. */
  unitsLeft: number;
}

/** A character that is not in GSM-7, and so forces the whole text into UCS-2. */
export interface ForcingCharacter {
  /** One code point; U+FFFD in place of a lone surrogate, as any UTF-8 encoder would send it. */
  character: string;
  /** Where it starts, in UTF-16 code units from 0 (the index into a JavaScript string). */
  position: number;
  /** `U+2019`; for a lone surrogate its own code, such as `U+D83D`. */
  codePoint: string;
  /**
   * What `toGsm7` puts in its place: "" when it is dropped or merged into the letter before it, null when
   * nothing fits.
   */
  replacement: string | null;
}

/** A text as it would be sent, what makes it UCS-2, and its GSM-7 rewrite. */
export interface TextPreview extends TextMeasure {
  /** Every occurrence, in the order of the text. */
  forcingCharacters: ForcingCharacter[];
  /** The text rewritten for GSM-7; null when it is GSM-7 already or cannot be rewritten. */
  gsmSafeText: string | null;
  /**
   * Segments that the rewrite saves: 0 without a rewrite, negative when it takes more (70 times … becomes 210
   * dots).
   */
  segmentsSaved: number;
}

// A segment carries 140 octets; the concatenation header takes 6 of them from each segment of several
// (3GPP TS 23.040, 9.2.3.24.1).
const unitLimits = {
  GSM7: { single: 160, concatenated: 153 },
  UCS2: { single: 70, concatenated: 67 },
} as const satisfies Record<TextEncoding, { single: number; concatenated: number }>;

/**
 * Measures a text in the encoding it needs: GSM-7 when every character is in the default alphabet or its
 * extension table (two septets each), otherwise UCS-2. Source: 3GPP TS 23.038, 6.2.1; TS 23.040, 9.2.3.24.1.
 * A lone surrogate counts as one UCS-2 unit, the U+FFFD that is sent for it.
 */
export function measure(text: string): TextMeasure {
  let septets = 0;
  for (let index = 0; index < text.length; index++) {
    const septetsOfCharacter = septetsOf(text.charCodeAt(index));
    if (septetsOfCharacter === 0) return measureAs(text, "UCS2");
    septets += septetsOfCharacter;
  }
  return septets <= unitLimits.GSM7.single
    ? singleSegment("GSM7", septets)
    : severalSegments("GSM7", septets, packSeptets(text));
}

/** Measures a text as if it were sent in UCS-2, whether or not GSM-7 would do. */
export function measureAs(text: string, encoding: "UCS2"): TextMeasure {
  return text.length <= unitLimits[encoding].single
    ? singleSegment(encoding, text.length)
    : severalSegments(encoding, text.length, packCodeUnits(text));
}

/** Lists every character, by code point, that keeps a text out of GSM-7. Empty for a GSM-7 text. */
export function forcingCharacters(text: string): ForcingCharacter[] {
  const found: ForcingCharacter[] = [];
  let position = 0;
  for (const character of text) {
    if (!isGsm7(character)) found.push(describeForcing(character, position));
    position += character.length;
  }
  return found;
}

/**
 * Rewrites a text so that it measures as GSM-7: typographic quotes, dashes and spaces become plain ones,
 * zero-width characters go, letters lose the diacritics GSM-7 lacks, common symbols are spelled out. GSM-7
 * characters stay as they are. Null when any character has no harmless replacement (Cyrillic, emoji, a lone
 * surrogate): a text is never rewritten in part.
 */
export function toGsm7(text: string): string | null {
  if (measure(text).encoding === "GSM7") return text;
  let rewritten = "";
  // NFC first: é typed as e and U+0301 is the é that GSM-7 has.
  for (const character of text.normalize("NFC")) {
    const replacement = isGsm7(character) ? character : replacementFor(character);
    if (replacement === null) return null;
    rewritten += replacement;
  }
  return rewritten;
}

/**
 * What a writer needs to know about a text before it is sent: its size, why it has that size, and how it
 * could shrink.
 */
export function previewText(text: string): TextPreview {
  const measured = measure(text);
  if (measured.encoding === "GSM7") {
    return { ...measured, forcingCharacters: [], gsmSafeText: null, segmentsSaved: 0 };
  }
  const gsmSafeText = toGsm7(text);
  const segmentsSaved = gsmSafeText === null ? 0 : measured.segments - measure(gsmSafeText).segments;
  return { ...measured, forcingCharacters: forcingCharacters(text), gsmSafeText, segmentsSaved };
}

interface Packing {
  segments: number;
  unitsInLast: number;
}

function singleSegment(encoding: TextEncoding, units: number): TextMeasure {
  const { single } = unitLimits[encoding];
  const segments = units === 0 ? 0 : 1;
  return { encoding, segments, unitsUsed: units, unitsPerSegment: single, unitsLeft: single - units };
}

function severalSegments(encoding: TextEncoding, units: number, packing: Packing): TextMeasure {
  const { concatenated } = unitLimits[encoding];
  const unitsLeft = concatenated - packing.unitsInLast;
  return { encoding, segments: packing.segments, unitsUsed: units, unitsPerSegment: concatenated, unitsLeft };
}

// "A character represented by an escape-sequence shall not be split in the middle" (TS 23.040, 9.2.3.24.1).
function packSeptets(text: string): Packing {
  let segments = 1;
  let unitsInLast = 0;
  for (let index = 0; index < text.length; index++) {
    const septets = septetsOf(text.charCodeAt(index));
    if (unitsInLast + septets > unitLimits.GSM7.concatenated) {
      segments++;
      unitsInLast = 0;
    }
    unitsInLast += septets;
  }
  return { segments, unitsInLast };
}

// "A UCS2 character shall not be split in the middle" (same place): for us that is a surrogate pair.
function packCodeUnits(text: string): Packing {
  let segments = 1;
  let start = 0;
  while (text.length - start > unitLimits.UCS2.concatenated) {
    const end = start + unitLimits.UCS2.concatenated;
    start = startsSurrogatePair(text, end - 1) ? end - 1 : end;
    segments++;
  }
  return { segments, unitsInLast: text.length - start };
}

function startsSurrogatePair(text: string, index: number): boolean {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}

function isGsm7(character: string): boolean {
  return septetsOf(character.charCodeAt(0)) > 0;
}

function describeForcing(character: string, position: number): ForcingCharacter {
  const number = character.codePointAt(0) ?? 0;
  const codePoint = `U+${number.toString(16).toUpperCase().padStart(4, "0")}`;
  return { character: character.toWellFormed(), position, codePoint, replacement: replacementFor(character) };
}
