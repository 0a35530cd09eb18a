const month =
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";

/** Text that a spreadsheet would calculate, or would change since it looks like a number, date or truth value. */
const isNoText = new RegExp(
  [
    /^[=+\-@\t\r＝＋－＠]|^0\d+$|^\d{12,}$|^[\d.,]+e[+-]?\d+$/,
    /^[.,(]?\d+[\d.,:/\s-]*[.,:/\s)-][\d.,:/\s)-]*$|^[.,]\d+$|^(?:true|false)$/,
    /^\d+(?::\d+)*\s?(?:[ap]m?|%)$/,
    new RegExp(`^\\d{1,4}[\\s./-]*${month}(?:[\\s./-]*\\d{1,4})?$|^${month}[\\s./-]*\\d{1,4}$`),
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);

/**
 * Writes a text as a cell that spreadsheets leave unchanged. A formula or a number gets an apostrophe in
 * front; text with spaces at its ends gets one on both sides.
 */
export function toTextCell(text: string): string {
  if (isNoText.test(text) || text.startsWith("'")) return `'${text}`;
  return /^\s|\s$/.test(text) ? `'${text}'` : text;
}

/** Reads such a cell. An apostrophe before anything else is part of the text. */
export function fromTextCell(cell: string): string {
  if (!cell.startsWith("'")) return cell;
  const text = cell.slice(1);
  if (isNoText.test(text) || text.startsWith("'")) return text;
  return /^\s[^]*'$|^[^]*\s'$/.test(text) ? text.slice(0, -1) : cell;
}
