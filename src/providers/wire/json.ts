import { JsonValues } from "../../lib/json-values.ts";
import { endOfString, excessOf } from "../callback-bounds.ts";

/** The most values in a document: the longest list that we ask for has half as many. */
const maxValues = 700_000;
/** A shorter text has not so many, and takes not long. */
const countedLength = 256 * 1024;

/**
 * Reads JSON; undefined when it is not valid, has too many values or would take long. Numbers are returned as their literal
 * text (`634.9288`, `1E-3`), so that money never passes through a float. A byte order mark is accepted.
 */
export function readJson(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  if (plain.length > countedLength && isExcessive(Buffer.from(plain))) return undefined;
  try {
    const json: unknown = JSON.parse(plain);
    return unusualNumber.test(plain) ? JSON.parse(withQuotedNumbers(plain)) : withLiterals(json);
  } catch {
    return undefined;
  }
}

function isExcessive(json: Buffer): boolean {
  const values = new JsonValues();
  return values.add(json) > maxValues || values.excess !== undefined;
}

/**
 * A number that JavaScript might print differently from how it is written: with an exponent, a trailing zero,
 * or many digits. A document without one needs no literals, and parsing takes a third of the time.
 */
const unusualNumber =
  /(?:^|[[,]|"\s*:)\s*(?=[-\d])(?!(?!-0(?![\d.eE]))-?(?:0|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?(?![\d.eE+-]))/;

/** Numbers as text, in place. */
function withLiterals(json: unknown): unknown {
  if (typeof json === "number") return String(json);
  if (typeof json !== "object" || json === null) return json;
  const holder = json as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    const value = holder[key];
    if (typeof value === "number") holder[key] = String(value);
    else if (typeof value === "object" && value !== null) withLiterals(value);
  }
  return holder;
}

/** Valid JSON with its numbers as texts. A reviver takes longer for a list of many. */
function withQuotedNumbers(json: string): string {
  const pieces: string[] = [];
  let from = 0;
  const tokens = /"|-?\d[\d.eE+-]*/g;
  for (let found = tokens.exec(json); found; found = tokens.exec(json)) {
    const { 0: token, index } = found;
    if (token === '"') tokens.lastIndex = endOfString(json, index).index + 1;
    else {
      pieces.push(json.slice(from, index), `"${token}"`);
      from = tokens.lastIndex;
    }
  }
  return pieces.join("") + json.slice(from);
}

/** Five times the largest batch that any provider is known to push. Longer texts are read as they are. */
const mostRepaired = 512 * 1024;

/** Reads JSON; if it is not valid, tries once more after a repair, unless that would take long. */
export function readLenientJson(text: string): unknown {
  const json = readJson(text);
  const isRepairable =
    json === undefined && text.length <= mostRepaired && /[{[]/.test(text) && excessOf(text) === undefined;
  if (!isRepairable) return json;
  const repaired = readJson(repairJson(text));
  if (repaired !== undefined) return repaired;
  const escaped = withInnerQuotes(text);
  return escaped === text ? undefined : readJson(repairJson(escaped));
}

/** Escapes each quotation mark in a text: it neither follows what begins a string nor precedes what ends one. */
function withInnerQuotes(json: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let at = json.indexOf('"'); at >= 0; at = json.indexOf('"', at + 1)) {
    if (json[at - 1] === "\\" || begins(json, at) || ends(json, at)) continue;
    pieces.push(json.slice(from, at), "\\");
    from = at;
  }
  return pieces.join("") + json.slice(from);
}

/** White space that is looked past for what stands before or after a quotation mark. More is no slip of a provider. */
const mostSpace = 100;

/** After a bracket, a comma, a colon or nothing; or after a string that ended on a line before. */
function begins(json: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && at - before <= mostSpace && isSpaceAt(json, before)) before--;
  if (before < 0 || "{[,:".includes(json[before] ?? "")) return true;
  return json[before] === '"' && hasLineBreak(json, before, at);
}

/** Before a bracket, a comma, a colon or nothing; or before a string on a line after. */
function ends(json: string, at: number): boolean {
  let after = at + 1;
  while (after < json.length && after - at <= mostSpace && isSpaceAt(json, after)) after++;
  if (after === json.length || ",:}]".includes(json[after] ?? "")) return true;
  return json[after] === '"' && hasLineBreak(json, at, after);
}

const isSpaceAt = (json: string, at: number): boolean => /\s/.test(json[at] ?? "");
const hasLineBreak = (json: string, from: number, to: number): boolean =>
  /[\r\n]/.test(json.slice(from + 1, to));

/**
 * A whole string, everything after an unclosed quote, a run of white space and comments, a run of letters and
 * digits, or any other single character.
 */
const token =
  /"[^"\\]*(?:\\[^][^"\\]*)*"|"[^]*|(?:\s|\/\/[^\r\n]*|\/\*[^]*?(?:\*\/|$))+|[+-]?\d[\d.]*[eE][+-]?\d+|[+-]?[\p{L}\p{N}_$.]+|[^]/gu;
const comment = /\/\/[^\r\n]*|\/\*[^]*?(?:\*\/|$)/g;

/** Literals of other languages, and what they are in JSON. */
const foreignWords: Readonly<Record<string, string>> = {
  NaN: "null",
  Infinity: "null",
  "+Infinity": "null",
  "-Infinity": "null",
  undefined: "null",
  None: "null",
  True: "true",
  False: "false",
};

/**
 * Repairs faults that providers make: comments, a missing comma between a string at the end of one line and a
 * key on the next, commas before a closing bracket, line breaks and other control characters in strings,
 * escapes that JSON does not have, and unquoted words. Works on whole tokens, so valid JSON is not changed.
 */
export function repairJson(body: string): string {
  const tokens = (body.match(token) ?? []).map(repairToken);
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

function repairToken(piece: string): string {
  if (/^(?:\s|\/[/*])/.test(piece)) return piece.replace(comment, "");
  if (piece.startsWith('"')) return escapeControls(piece.replace(escape, repairEscape));
  if (!/^[+-]?[\p{L}\p{N}_$.]/u.test(piece) || isJsonWord.test(piece)) return piece;
  // An unquoted word or number, such as the network 001.
  return Object.hasOwn(foreignWords, piece) ? (foreignWords[piece] ?? piece) : `"${piece}"`;
}

const isJsonWord = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

const escape = /\\(u[\da-fA-F]{4}|[^])/g;
const repairEscape = (whole: string, escaped: string): string =>
  /^(?:["\\/bfnrt]|u.)/.test(escaped) ? whole : escaped;

/** Line breaks and other control characters, which a string of JSON must not have as they are. */
function escapeControls(text: string): string {
  let escaped = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const replacement = controlEscapes[code];
    if (replacement === undefined) continue;
    escaped += text.slice(from, at) + replacement;
    from = at + 1;
  }
  return escaped + text.slice(from);
}

const controlEscapes = Array.from({ length: 0x20 }, (_, code) => `\\u${code.toString(16).padStart(4, "0")}`);
