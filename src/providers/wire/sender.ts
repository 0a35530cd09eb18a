import { digitsOf } from "./text.ts";

/** Checks the length of sender IDs. Digits alone, with or without a plus sign, may be longer than a name. */
export function senderChecker(
  title: string,
  { maxLength, maxDigits }: { maxLength: number; maxDigits: number },
): (sender: string) => string | undefined {
  return (sender) => {
    if (sender.trim() === "") return "The sender is empty.";
    if (/\p{Cc}/u.test(sender)) return "The sender contains control characters.";
    const isNumber = /^\+?\d+$/.test(sender);
    const limit = isNumber ? maxDigits : maxLength;
    const length = isNumber ? digitsOf(sender).length : Array.from(sender).length;
    if (length <= limit) return undefined;
    return `The sender is longer than the ${limit} ${isNumber ? "digits" : "characters"} ${title} allows.`;
  };
}
