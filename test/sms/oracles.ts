import { SegmentedMessage } from "sms-segments-calculator";
import { split } from "split-sms";
import type { TextEncoding, TextMeasure } from "../../src/sms/text.ts";

/** What both packages say about a text, in our terms. */
export type OracleMeasure = Omit<TextMeasure, "unitsPerSegment">;

/**
 * Measures with Twilio's sms-segments-calculator. `keptClusters`: it never splits a grapheme cluster (a family
 * emoji, a letter and its combining accent) over two segments, and overfills a segment with a cluster that is
 * longer. TS 23.040, 9.2.3.24.1 protects escape sequences and UCS-2 characters only, so its count of segments
 * is comparable with the standard's only where the text has no such cluster.
 */
export function twilioMeasure(
  text: string,
  forced?: "UCS2",
): { measured: OracleMeasure; keptClusters: boolean } {
  const message = new SegmentedMessage(text, forced ? "UCS-2" : "auto");
  const encoding: TextEncoding = message.encodingName === "GSM-7" ? "GSM7" : "UCS2";
  const bitsPerUnit = encoding === "GSM7" ? 7 : 16;
  const freeBits = message.segments.at(-1)?.freeSizeInBits() ?? 0;
  const measured = {
    encoding,
    segments: message.segmentsCount,
    unitsUsed: message.messageSize / bitsPerUnit,
    unitsLeft: Math.floor(freeBits / bitsPerUnit),
  };
  return { measured, keptClusters: message.graphemes.some((cluster) => Array.from(cluster).length > 1) };
}

/**
 * Measures with split-sms; null for a text with a lone surrogate: it takes the code unit after any high
 * surrogate for its other half, without looking, so that one code unit counts as two.
 */
export function splitSmsMeasure(text: string, forced?: "UCS2"): OracleMeasure | null {
  if (!text.isWellFormed()) return null;
  const result = split(text, { summary: true, ...(forced && { characterset: "Unicode" as const }) });
  const encoding: TextEncoding = result.characterSet === "GSM" ? "GSM7" : "UCS2";
  return {
    encoding,
    segments: result.parts.length,
    unitsUsed: result.bytes / (encoding === "GSM7" ? 1 : 2),
    unitsLeft: result.remainingInPart,
  };
}
