/**
 * The code page in which Windows writes a country's texts, by calling code. A list of names is too short for statistics of
 * letters alone; the numbers beside the names tell where its people are. Calling codes of other countries say nothing.
 */
const pages: Readonly<Record<string, string>> = {
  "windows-1250": "36 40 48 355 381 382 385 386 387 420 421",
  "windows-1251": "7 359 375 380 389 992 996 998",
  "windows-1252":
    "1 27 31 32 33 34 39 41 43 44 45 46 47 49 51 52 53 54 55 56 57 58 61 64 351 352 353 354 356 358 376 378 423",
  "windows-1253": "30 357",
  "windows-1254": "90 994",
  "windows-1255": "972",
  "windows-1256": "20 92 98 212 213 216 218 249 961 962 963 964 965 966 967 968 970 971 973 974",
  "windows-1257": "370 371 372",
  "windows-1258": "84",
  "windows-874": "66",
};

const byCallingCode: ReadonlyMap<string, string> = new Map(
  Object.entries(pages).flatMap(([page, codes]) => codes.split(" ").map((code) => [code, page] as const)),
);

/** The code page of most of the complete numbers in a text; undefined if they do not tell. */
export function pageOfNumbers(text: string): string | undefined {
  const counts = new Map<string, number>();
  for (const [, digits = ""] of text.matchAll(/(?<![\w.])["']?(?:\+|00)?\s?([1-9][\d ()./-]{8,20})/g)) {
    const bare = digits.replaceAll(/\D/g, "");
    const page = [3, 2, 1].map((length) => byCallingCode.get(bare.slice(0, length))).find(Boolean);
    if (page !== undefined && bare.length >= 9) counts.set(page, (counts.get(page) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}

export const pageOfCallingCode = (callingCode: string): string | undefined => byCallingCode.get(callingCode);
