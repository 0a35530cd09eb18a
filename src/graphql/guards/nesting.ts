import { Lexer, Source, TokenKind } from "graphql";

/** What is too large in a value, such as variables: how deep its lists and objects are nested, or how long a list is. */
export function shapeProblem(
  value: unknown,
  most: { depth: number; entries: number },
): "depth" | "entries" | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most.depth) return "depth";
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null || isForeign(one)) continue;
      if (Array.isArray(one) && one.length > most.entries) return "entries";
      if (Array.isArray(one)) for (const inner of one) addNested(inner, next);
      // Lists of the names or values of many fields would cost several times as much.
      else for (const name in one) addNested((one as Record<string, unknown>)[name], next);
    }
    level = next;
  }
  return undefined;
}

function addNested(value: unknown, nested: unknown[]): void {
  if (typeof value === "object" && value !== null) nested.push(value);
}

/** True for an uploaded file and other objects that are not plain. */
function isForeign(value: object): boolean {
  if (Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

const opening = new Set<string>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<string>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * What is too large in a document: how deep its brackets are nested, or how many tokens it has. The parser recurses that
 * deep, and takes several times as long, so this is checked before it runs.
 * @throws GraphQLError for an invalid token
 */
export function documentProblem(
  text: string | Source,
  most: { depth: number; tokens: number },
): "depth" | "tokens" | undefined {
  const lexer = new Lexer(typeof text === "string" ? new Source(text) : text);
  let depth = 0;
  for (let count = 0; count <= most.tokens; count++) {
    const { kind } = lexer.advance();
    if (kind === TokenKind.EOF) return undefined;
    if (opening.has(kind) && ++depth > most.depth) return "depth";
    // The parser stops here.
    if (closing.has(kind) && --depth < 0) return undefined;
  }
  return "tokens";
}
