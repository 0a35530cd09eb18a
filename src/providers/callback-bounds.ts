import { excessIn, excessInSlices } from "../lib/json-values.ts";

/**
 * Limits the work that parsing a callback or an answer can cause. One pass counts elements and depth before anything is
 * parsed, so that a body of the maximum size cannot block the process.
 */

/** Several times the number of elements in the largest batch that a provider is known to push or return. */
export const maxElements = 100_000;
/** Attributes and entities weigh more: parse time grows faster than their number. */
const [tagWeight, attributeWeight, entityWeight] = [2, 5, 5];
const maxDepth = 50;

/** Says in plain words which limit a body exceeds; undefined when it may be parsed. */
export function excessOf(body: string, most = maxElements): string | undefined {
  return measured(body, most) ?? inWords(isXml(body) ? undefined : excessIn(body));
}

/** The same, with turns for everybody else between: a body of the served APIs may have thirty megabytes. */
export async function excessInTurns(body: string, most = maxElements): Promise<string | undefined> {
  return inWords(isXml(body) ? undefined : await excessInSlices(body)) ?? measured(body, most);
}

const isXml = (body: string): boolean => /^[\uFEFF\s]*</.test(body);
const inWords = (excess: string | undefined): string | undefined => excess && `The body has ${excess}.`;

function measured(body: string, most: number): string | undefined {
  const { elements, depth } = isXml(body) ? measureXml(body, most) : measureJson(body, most);
  if (elements > most) return `The body has more than ${most} elements.`;
  return depth > maxDepth ? `The body is nested more than ${maxDepth} deep.` : undefined;
}

interface Measure {
  elements: number;
  depth: number;
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, equals] = [code('"'), code("\\"), code("=")];
const [openBrace, openBracket] = [code("{"), code("[")];
const [closeBrace, closeBracket] = [code("}"), code("]")];
const [less, greater, slash, ampersand] = [code("<"), code(">"), code("/"), code("&")];

/**
 * Counts tokens as the JSON repair splits them: strings, runs of spaces, words, and every other character.
 */
function measureJson(body: string, most: number): Measure {
  let [elements, depth, deepest, last] = [0, 0, 0, 0];
  for (let index = 0; index < body.length && elements <= most; index++) {
    const character = body.charCodeAt(index);
    if (character === quote) {
      const end = endOfString(body, index);
      elements += end.escapes;
      index = end.index;
    }
    if (character === openBrace || character === openBracket) deepest = Math.max(deepest, ++depth);
    if (character === closeBrace || character === closeBracket) depth--;
    const kind = kindOf(character);
    if (kind !== last || kind === other) elements++;
    last = kind;
  }
  return { elements, depth: deepest };
}

/** So much of a text without escapes is looked at character by character; for more of it, a faster search pays. */
const shortText = 32;

/** The index of the quotation mark that ends a text. When a body needs repair, each escape costs as much as a token. */
export function endOfString(body: string, start: number): { index: number; escapes: number } {
  let [index, escapes, plain, end] = [start + 1, 0, 0, -1];
  while (index < body.length) {
    if (plain === shortText) {
      if (end < index) end = body.indexOf('"', index);
      if (end === -1) end = body.length;
      const escaping = body.slice(index, end).indexOf("\\");
      index = escaping === -1 ? end : index + escaping;
      plain = 0;
    }
    const character = body.charCodeAt(index);
    if (character === quote) break;
    const isEscape = character === backslash;
    index += isEscape ? 2 : 1;
    plain = isEscape ? 0 : plain + 1;
    if (isEscape) escapes++;
  }
  return { index, escapes };
}

const [space, word, other] = [1, 2, 3];

function kindOf(character: number): number {
  if (character <= 0x20) return space;
  const isDigit = character >= 0x30 && character <= 0x39;
  const isLetter = (character | 0x20) >= 0x61 && (character | 0x20) <= 0x7a;
  return isDigit || isLetter ? word : other;
}

/** Counts tags, attributes, entities and closing brackets. For unclosed tags the depth is an upper bound. */
function measureXml(body: string, most: number): Measure {
  let [elements, depth, deepest] = [0, 0, 0];
  let isTag = false;
  for (let index = 0; index < body.length && elements <= most; index++) {
    const character = body.charCodeAt(index);
    if (character === less) {
      isTag = true;
      elements += tagWeight;
      const next = body.charCodeAt(index + 1);
      if (next === slash) depth--;
      else if (kindOf(next) === word) deepest = Math.max(deepest, ++depth);
    } else if (character === greater) {
      isTag = false;
      if (body.charCodeAt(index - 1) === slash) depth--;
    } else if (character === equals) elements += attributeWeight;
    else if (character === ampersand) elements += entityWeight;
    // Each bracket may be the end of a CDATA section, and is looked at as one.
    else if (character === closeBracket || (isTag && character <= 0x20)) elements++;
  }
  return { elements, depth: deepest };
}
