/**
 * Reads JSON, undefined if it is none. Every number comes out as its literal text (`634.9288`, `1E-3`), so that
 * money never passes through a float. A byte order mark is accepted.
 */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""), keepLiteral);
  } catch {
    return undefined;
  }
}

/** TypeScript's library does not declare the reviver's third argument yet. */
function keepLiteral(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? String(value)) : value;
}

/** Reads JSON, after one repair where it is none. */
export function readLenientJson(text: string): unknown {
  const json = readJson(text);
  return json === undefined ? readJson(repairJson(text)) : json;
}

/**
 * A whole string, all that follows a quote never closed, a run of white space and comments, or any one other
 * character.
 */
const token = /"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|"[^]*|(?:\s|\/\/[^\r\n]*|\/\*[^]*?(?:\*\/|$))+|[^]/g;
const comment = /\/\/[^\r\n]*|\/\*[^]*?(?:\*\/|$)/g;

/**
 * Mends three faults that providers print: comments, a comma that is missing between a string at the end of one
 * line and a key on the next, and commas before a closing bracket. Works on whole tokens, so that the content of
 * strings stays as it is, as does all JSON that has no such fault.
 */
export function repairJson(body: string): string {
  const tokens = (body.match(token) ?? []).map((piece) =>
    isBlank(piece) ? piece.replace(comment, "") : piece,
  );
  const isSpace = (index: number): boolean => tokens[index]?.trim() === "";
  const next = (index: number): number => (isSpace(index + 1) ? index + 2 : index + 1);
  const isString = (index: number): boolean => (tokens[index]?.length ?? 0) > 1 && tokens[index]?.[0] === '"';
  const isLineBreak = (index: number): boolean => isSpace(index) && /[\r\n]/.test(tokens[index] ?? "");

  return tokens
    .map((piece, index) => {
      const following = next(index);
      if (piece === ",") return /^[}\]]$/.test(tokens[following] ?? "") ? "" : piece;
      const needsComma =
        isString(index) && isLineBreak(index + 1) && isString(following) && tokens[next(following)] === ":";
      return needsComma ? `${piece},` : piece;
    })
    .join("");
}

const isBlank = (piece: string): boolean => /^(?:\s|\/[/*])/.test(piece);
