/**
 * Whether a text has at most so many characters, as vendors count them: not in UTF-16 units, of which one takes two at most.
 * A text of megabytes is not taken apart for it.
 */
export const hasAtMost = (text: string, characters: number): boolean =>
  text.length <= characters || (text.length <= 2 * characters && Array.from(text).length <= characters);
