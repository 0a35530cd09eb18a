/** From here on, people may not have intended the number of segments. */
const manySegments = 3;

/** Placeholders in the syntax of other programs. */
const otherPlaceholders =
  /(?<![{\\])\{\s*[\p{L}_][\p{L}\p{N}_ .-]{0,63}\}(?!\})|\[\[[\p{L}_][\p{L}\p{N}_]{0,63}\]\]|%[\p{L}_][\p{L}\p{N}_]{1,63}%/gu;

/** What is allowed in a text but probably not intended, in plain words. */
export function textWarnings(text: string, segments: number, maxSegments: number): string[] {
  const found = [...new Set(text.match(otherPlaceholders) ?? [])];
  const placeholders = found.slice(0, 5).map((written) => {
    const name = written.replaceAll(/[[\]{}%]/g, "").trim();
    return `${written} is sent as it stands. To insert a recipient's value, write {{${name}}}.`;
  });
  return [...placeholders, ...lengthWarnings(segments, maxSegments)];
}

function lengthWarnings(segments: number, maxSegments: number): string[] {
  if (segments > maxSegments)
    return [
      `The text needs ${segments} segments, and more than ${maxSegments} are refused. Shorten it, or raise MAX_SEGMENTS.`,
    ];
  if (segments <= manySegments) return [];
  return [`The longest message has ${segments} segments, and costs as much as ${segments} messages.`];
}
