/** The number without its plus sign and all punctuation: digits only. */
export function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}

/** Whether a provider's list shows this text: frameworks trim what they are given, and line ends can change. */
export function isSameText(one: string | undefined, other: string): boolean {
  return one !== undefined && plainText(one) === plainText(other);
}

/** How a text compares. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").normalize("NFC").trim();
}
