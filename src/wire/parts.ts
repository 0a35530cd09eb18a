/** How a text is split into parts. */
interface PartCount {
  /** GSM data coding scheme: 0 is GSM-7, 8 is UCS-2. */
  dataCoding: 0 | 8;
  parts: number;
}

const gsmText =
  /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€\f]*$/u;
const gsmEscaped = /[\^{}\\[~\]|€\f]/gu;

/** An estimate that is good enough for a sandbox: it ignores characters that would straddle two parts. */
export function countParts(text: string): PartCount {
  if (!gsmText.test(text)) return { dataCoding: 8, parts: partsOf(text.length, 70, 67) };
  const escaped = text.match(gsmEscaped)?.length ?? 0;
  return { dataCoding: 0, parts: partsOf(text.length + escaped, 160, 153) };
}

function partsOf(length: number, single: number, concatenated: number): number {
  return length <= single ? 1 : Math.ceil(length / concatenated);
}
