/** What an account wants of people who write STOP. */
export interface OptOutSettings {
  /** Whether such a word holds for every sender of the account, or for the one that the person answered. */
  scope: "ALL" | "SENDER";
  languages: OptOutLanguage[];
}

/** The words of one language. */
export interface OptOutLanguage {
  /** BCP 47, such as `sk`. */
  language: string;
  words: string[];
  /** What the person is answered, once; null for nothing. */
  answer: string | null;
}

/** Without settings, STOP holds for every sender and is not answered. */
export const defaultOptOut: OptOutSettings = { scope: "ALL", languages: [] };

/** Understood whatever an account sets. */
const always = "stop";

/** Words that are the same to people: in any case, with or without accents, and with punctuation around them. */
export const wordKey = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(/[\p{M}\p{Cf}]/gu, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/**
 * The language whose word the text is, if the text is nothing else; undefined when it is no such word. STOP belongs to the
 * first language that has it, otherwise to the first language of all.
 */
export function readOptOut(
  { languages }: OptOutSettings,
  text: string,
): { language: OptOutLanguage | undefined } | undefined {
  const key = wordKey(text);
  if (key === "") return undefined;
  const language = languages.find(({ words }) => words.some((word) => wordKey(word) === key));
  if (language) return { language };
  return key === always ? { language: languages[0] } : undefined;
}
