/** Maximum length of an alphanumeric sender ID (Tonkra documentation). */
export const senderMaxLength = 11;
/** Maximum length of any telephone number (ITU-T E.164); the documentation gives no limit. */
export const senderMaxDigits = 15;

export function senderProblem(sender: string): string | undefined {
  if (sender.trim() === "") return "The sender is empty.";
  const [, digits] = /^\+?(\d+)$/.exec(sender) ?? [];
  if (digits !== undefined) {
    const isTooLong = digits.length > senderMaxDigits;
    return isTooLong ? `A sender of digits may have ${senderMaxDigits} of them at most.` : undefined;
  }
  if (!/^[\x20-\x7e]+$/.test(sender)) return "The sender may have only letters and digits of plain ASCII.";
  if (sender.length <= senderMaxLength) return undefined;
  return `The sender is longer than the ${senderMaxLength} characters Tonkra allows.`;
}
