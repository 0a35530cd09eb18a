const month =
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";

/** Text that a spreadsheet would calculate, or would change since it looks like a number, date or truth value. */
const isNoText = new RegExp(
  [
    /^[=+\-@\t\r＝＋－＠]|^0\d+$|^\d{12,}$|^[\d.,]+e[+-]?\d+$/,
    // Cells have up to 65,536 characters: no two parts in a row may take the same ones.
    /^[.,(]?\d+[.,:/\s)-][\d.,:/\s)-]*$|^[.,]\d+$|^(?:true|false)$/,
    /^\d+(?::\d+)*\s?(?:[ap]m?|%)$/,
    new RegExp(`^\\d{1,4}[\\s./-]*${month}(?:[\\s./-]*\\d{1,4})?$|^${month}[\\s./-]*\\d{1,4}$`),
  ]
    .map(({ source }) => source)
    .join("|"),
  "i",
);

const hasEdges = (text: string): boolean => /^\s|\s$/.test(text);

/** Whether an apostrophe is put behind a text too: so that spaces at its ends stay, or so that it is not taken for such a text. */
const isWrapped = (text: string): boolean =>
  hasEdges(text) || (text.endsWith("'") && hasEdges(text.slice(0, -1)));

/**
 * Writes a text as a cell that spreadsheets leave unchanged. A formula or a number gets an apostrophe in
 * front; text with spaces at its ends gets one on both sides.
 */
export function toTextCell(text: string): string {
  if (!isNoText.test(text) && !text.startsWith("'") && !hasEdges(text)) return text;
  return isWrapped(text) ? `'${text}'` : `'${text}`;
}

/** Such a cell of a CSV file, whichever separates its cells. */
export const toCsvCell = (text: string): string => quoteCell(toTextCell(text));

/** Quoted where it has to be. */
export const quoteCell = (cell: string): string =>
  /[",;\r\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** Reads such a cell. An apostrophe before anything else is part of the text. */
export function fromTextCell(cell: string): string {
  if (!cell.startsWith("'")) return cell;
  const text = cell.slice(1);
  const inside = text.slice(0, -1);
  if (text.endsWith("'") && isWrapped(inside)) return inside;
  return isNoText.test(text) || text.startsWith("'") ? text : cell;
}
