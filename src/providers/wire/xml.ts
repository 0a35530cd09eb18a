import { excessOf, maxElements } from "../callback-bounds.ts";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { deepest, readStrictXml, type XmlDocument, type XmlElement, type XmlValue } from "./strict-xml.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  allowBooleanAttributes: true,
  attributeNamePrefix: "@",
  parseTagValue: false,
  parseAttributeValue: false,
  // Custom entities are an attack, so none are expanded; the standard ones are decoded below.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  trimValues: true,
  // The sender may choose any namespace prefix.
  removeNSPrefix: true,
  maxNestedTags: deepest,
});

/** One thing that may come before the root. Repeated in one expression, it would try every way to divide the prolog. */
const prologPiece = /\s+|<\?[^]*?\?>|<!--[^]*?-->/y;

/** How long the prolog is: there alone a type counts, since in CDATA and comments its words are text. */
function prologOf(document: string): number {
  prologPiece.lastIndex = 0;
  for (;;) {
    const start = prologPiece.lastIndex;
    if (!prologPiece.test(document)) return start;
  }
}

const typeDeclaration = /^<!(?:DOCTYPE|ENTITY)/i;

/** A document type that declares nothing. */
const bareType = /^<!DOCTYPE\s+[\w:.-]+\s*>/i;

/** Without a document type that declares nothing; undefined with one that does. */
function withoutType(document: string): string | undefined {
  const length = prologOf(document);
  const rest = document.slice(length).replace(bareType, "");
  const more = prologOf(rest);
  return typeDeclaration.test(rest.slice(more)) ? undefined : document.slice(0, length) + rest;
}

/** The longest list that a provider returns in XML has a quarter of it. */
const maxXmlElements = 4 * maxElements;

/**
 * Reads an XML document: the name and content of its root. Undefined when it is not well-formed or declares a
 * document type (entities, external files), which no provider needs.
 */
export function readXml(text: string): XmlDocument | undefined {
  const document = withoutType(text.replace(/^\uFEFF/, "").trimStart());
  if (document?.startsWith("<") !== true) return undefined;
  if (excessOf(document, maxXmlElements) !== undefined) return undefined;
  const strict = readStrictXml(document);
  if (strict || excessOf(document) !== undefined) return strict;
  return readLenientXml(document) ?? readLenientXml(document.replace(openingTag, repairTag));
}

/**
 * Also reads documents that are almost XML. Several times slower than the strict reader; where both can read
 * a document, they agree.
 */
export function readLenientXml(text: string): XmlDocument | undefined {
  const document = plainXml(text);
  try {
    if (XMLValidator.validate(document, { allowBooleanAttributes: true }) !== true) return undefined;
    const parsed = parser.parse(document) as XmlElement;
    const [root, ...others] = Object.entries(parsed);
    return root && others.length === 0 ? { root: root[0], content: decode(root[1]) } : undefined;
  } catch {
    return undefined;
  }
}

const commentOrData = /<!--[^]*?(?:-->|$)|<!\[CDATA\[([^]*?)(?:\]\]>|$)/g;
const openingTag = /<([\w:.-]+)\s([^<>]*?)(\/?)>/g;
const attribute = /([^\s=/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?/g;
const looseBracket = /<(?![\p{L}_:/!?])/gu;
const looseAmpersand = /&(?!#\d{1,7};|#x[\da-f]{1,6};|[a-z]\w{0,31};)/gi;

/** Quotes the values of attributes, and leaves out the second of the same name. */
function repairTag(_whole: string, name: string, written: string, end: string): string {
  const attributes = new Map<string, string>();
  for (const [, key = "", value = '""'] of written.matchAll(attribute))
    if (!attributes.has(key)) attributes.set(key, /^["']/.test(value) ? value : `"${value}"`);
  return `<${name}${[...attributes].map(([key, value]) => ` ${key}=${value}`).join("")}${end}>`;
}

/** Removes comments, and writes CDATA, bare ampersands and bare brackets like any other text. */
const plainXml = (document: string): string =>
  document
    .replace(commentOrData, (_whole, data: string | undefined) =>
      data === undefined ? "" : escapeText(data),
    )
    .replace(looseAmpersand, "&amp;")
    .replace(looseBracket, "&lt;");

function decode(value: XmlValue): XmlValue {
  if (typeof value === "string") return decodeText(value);
  if (Array.isArray(value)) return value.map(decode);
  const { "#text": text, ...children } = value;
  const entries = Object.entries(children).filter(([name]) => name !== "@xmlns");
  // An element with text is its text; its attributes are dropped.
  const isText =
    entries.every(([name]) => name.startsWith("@")) && (text !== undefined || entries.length === 0);
  if (isText) return decodeText(typeof text === "string" ? text : "");
  return Object.fromEntries(entries.map(([name, child]) => [name, decode(child)]));
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeText(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (whole, decimal, hex, name) => {
      if (typeof name === "string") return named[name.toLowerCase()] ?? whole;
      const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : "";
    },
  );
}

/**
 * What can be written as XML: text, numbers, booleans, nested elements and lists of them. Undefined is left
 * out.
 */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | XmlContent[]
  | { [name: string]: XmlContent };

/** Writes a document with a declaration. A list repeats its element. */
export function writeXml(root: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeElement(root, content)}`;
}

function writeElement(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((item) => writeElement(name, item)).join("");
  if (typeof content !== "object") return `<${name}>${escapeText(String(content))}</${name}>`;
  const children = Object.entries(content).map(([child, value]) => writeElement(child, value));
  return `<${name}>${children.join("")}</${name}>`;
}

// XML 1.0 allows most control characters not even in escaped form.
const unwritable = /(?![\t\n\r\u007F-\u009F])\p{Cc}|[\uFFFE\uFFFF]/gu;

function escapeText(text: string): string {
  const writable = text.toWellFormed().replace(unwritable, "");
  return writable
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}
