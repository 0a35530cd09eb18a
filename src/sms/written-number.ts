import { InvalidPhoneNumberError } from "../lib/errors.ts";

/** A number as it was written, without what people and spreadsheets put around its digits. */
interface WrittenNumber {
  digits: string;
  /** Whether it begins with its calling code, shown by a plus or `00`. */
  isInternational: boolean;
}

const maxWrittenLength = 200;
const minDigits = 7;
const maxDigits = 15;

const countDigits = (text: string): number => text.replaceAll(/\D/g, "").length;

/**
 * Removes what copied numbers bring along: narrow spaces, full-width digits, other scripts' digits and
 * direction marks.
 */
export function plainText(input: string): string {
  return input
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/[^\P{Nd}\d]/gu, (digit) => String(valueOf(digit)))
    .trim();
}

/** The digits of a script follow one another, starting with its zero. */
function valueOf(digit: string): number {
  let value = 0;
  const code = digit.codePointAt(0) ?? 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return value;
}

/**
 * Reads a number as it stands in a cell: with text marks of spreadsheets, `tel:` addresses, all kinds of
 * separators, `00` and `(0)`. `isWhole` says whether digits are a complete number, to decide what could be
 * read in two ways.
 * @throws InvalidPhoneNumberError with what the text is instead
 */
export function readWritten(text: string, isWhole: (digits: string) => boolean): WrittenNumber {
  // Most numbers in sheets: nothing is around their digits.
  if (/^[1-9]\d{6,14}$/.test(text)) return { digits: text, isInternational: false };
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  const refuse = (problem: string): never => {
    throw new InvalidPhoneNumberError(text.slice(0, maxWrittenLength), `${shown} ${problem}`);
  };
  if (text.length > maxWrittenLength) refuse("is too long for a phone number.");
  const written = withoutAddress(withoutTextMarks(text));
  if (/^\+?\s*\d+(?:[.,]\d*)?\s*e\s*\+?\d+$/i.test(written))
    refuse(
      "is a number that a spreadsheet has rounded: its last digits are lost. Format the column as text.",
    );
  if (hasSeveral(written)) refuse("holds more than one number. Give each its own row.");
  if (/(?:ext|extension|x|#|;ext=)\W*\d{1,9}$/i.test(written))
    refuse("has an extension, and an SMS cannot reach one. Remove it.");
  const grouped = /^\+?\d{1,3}(?:,\d{3}){2,}(?:\.0*)?$/.test(written) ? written.replaceAll(",", "") : written;
  const whole = withoutTail(grouped, isWhole) ?? refuse("has something after the number. Remove it.");
  const bare = whole.replaceAll(/[\s\p{Pd}()[\]./'’·•_~−]/gu, "");
  if (!/^\+?\d+$/.test(bare))
    refuse(
      isWhole(digitsOf(whole)) || isWhole(digitsOf(whole.replace(/[\p{L};,#][^]*$/u, "")))
        ? "has more in it than a number. Remove the rest."
        : "is not a phone number.",
    );
  const digits = bare.replace("+", "");
  const isAbroad = bare.startsWith("+") || digits.startsWith("00");
  return { digits: digits.replace(isAbroad ? /^00/ : "", ""), isInternational: isAbroad };
}

/** Removes what tells a spreadsheet that a number is text: `'+421…`, `="+421…"`. */
const withoutTextMarks = (text: string): string =>
  text
    .replace(/^=\s*(?=["'+])/, "")
    .replaceAll(/^["'’‘“”„`]+|["'’‘“”`]+$/g, "")
    .trim();

/**
 * Takes the number out of an address such as `tel:+421-901;ext=1` (RFC 3966); `phone-context` says what a
 * local number begins with. The library is not used for these: its answer depends on the call before.
 */
function withoutAddress(text: string): string {
  const [, address] = /^(?:tel|sms|smsto|callto|phone|mobile)\s*:\s*(?:\/\/)?(.*)$/i.exec(text) ?? [];
  const [number = "", ...parameters] = unescape(address ?? text).split(/[;?](?=[\w-]+=)/);
  const values = Object.fromEntries(parameters.map((one) => one.toLowerCase().split("=", 2))) as Record<
    string,
    string
  >;
  const context = values["phone-context"];
  const extension = values["ext"] === undefined ? "" : ` ext ${values["ext"]}`;
  const isLocal = context !== undefined && /^\+\d+$/.test(context) && !number.trim().startsWith("+");
  return `${isLocal ? context : ""}${number.trim()}${extension}`;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether the text holds more than one number, whatever separates them. */
function hasSeveral(text: string): boolean {
  const isNumber = (part: string): boolean => countDigits(part) >= minDigits;
  const parts = text.split(
    /[,;|\\/\n\r\t]|\s(?=\+|00)|(?<=\d)\+|\s(?:or|and|und|oder|a|alebo|nebo|y|o|et|ou)\s|&/i,
  );
  const longParts = text.split(/\s+/).filter((part) => countDigits(part) > minDigits);
  return parts.filter(isNumber).length > 1 || (countDigits(text) > maxDigits && longParts.length > 1);
}

/**
 * Removes the `.0` that a spreadsheet adds when it calculates with a number. Another tail behind a complete
 * number gives undefined: it must be refused, since the number may not be the one that was meant. A point
 * between the parts of a number is not a tail.
 */
function withoutTail(text: string, isWhole: (digits: string) => boolean): string | undefined {
  const [, number = "", mark = "", tail = ""] = /^([^.,/]*\d[^]*\d|\d)([.,/])(\d*)$/.exec(text) ?? [];
  if (number === "" || number.includes(mark) || !isWhole(digitsOf(number))) return text;
  if (tail === "") return number;
  const isZero = /^0+$/.test(tail) && mark !== "/";
  return isZero && (tail.length <= 2 || !isWhole(digitsOf(number + tail))) ? number : undefined;
}

const digitsOf = (text: string): string => text.replaceAll(/\D/g, "").replace(/^00/, "");
