/** The digits of a number, without plus sign and punctuation. */
export function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}

/** Whether a text in a provider's list is this one: frameworks trim texts, and line ends can change. */
export function isSameText(one: string | undefined, other: string): boolean {
  return one !== undefined && plainText(one) === plainText(other);
}

/** A text in the form used for comparison. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").normalize("NFC").trim();
}
