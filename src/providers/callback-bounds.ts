/**
 * What reading a callback may cost. Counted in one pass before anything is parsed, so that a body of the largest size
 * that means nothing cannot keep the process busy.
 */

/** Several times what a body of the largest batch holds that a provider is known to send, or gives when asked. */
export const maxElements = 100_000;
/** The time that attributes take grows faster than their number. */
const [tagWeight, attributeWeight] = [2, 5];
const maxDepth = 50;

/** What of a body is too much, in plain words; undefined when it may be read. */
export function excessOf(body: string): string | undefined {
  const isXml = /^[\uFEFF\s]*</.test(body);
  const { elements, depth } = isXml ? measureXml(body) : measureJson(body);
  if (elements > maxElements) return `The body has more than ${maxElements} elements.`;
  if (depth > maxDepth) return `The body is nested more than ${maxDepth} deep.`;
  return undefined;
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

/** Tokens as the repair of JSON divides them: strings, runs of spaces, words, and each other character. */
function measureJson(body: string): Measure {
  let [elements, depth, deepest, last] = [0, 0, 0, 0];
  for (let index = 0; index < body.length && elements <= maxElements; index++) {
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

/** Each escape costs as much as a token where the body needs repair. */
function endOfString(body: string, start: number): { index: number; escapes: number } {
  let [index, escapes] = [start + 1, 0];
  while (index < body.length && body.charCodeAt(index) !== quote) {
    const isEscape = body.charCodeAt(index) === backslash;
    index += isEscape ? 2 : 1;
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

/** Tags, attributes and entities. The depth of what is not closed as it should be is an upper bound. */
function measureXml(body: string): Measure {
  let [elements, depth, deepest] = [0, 0, 0];
  let isTag = false;
  for (let index = 0; index < body.length && elements <= maxElements; index++) {
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
    else if (character === ampersand || (isTag && character <= 0x20)) elements++;
  }
  return { elements, depth: deepest };
}
