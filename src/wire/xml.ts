import { XMLParser, XMLValidator } from "fast-xml-parser";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** Ten times the longest message, of 255 parts. The parser goes over a text by character, and takes a second for one of 8 MB. */
const maxText = 400_000;

/** Whether there is so much between two tags. */
function hasLongText(document: string): boolean {
  for (let from = 0; document.length - from > maxText;) {
    const next = document.indexOf("<", from);
    if ((next === -1 ? document.length : next) - from > maxText) return true;
    from = next + 1;
  }
  return false;
}

/**
 * Reads a document with this root element: children by name, text unchanged, attributes with an `@` before
 * the name. Undefined when it is not well-formed, has another root or a text that is too long, or declares a document type.
 */
export function readXml(text: string, root: string): unknown {
  const document = text.trim();
  if (hasLongText(document)) return undefined;
  if (/<!DOCTYPE/i.test(document) || XMLValidator.validate(document) !== true) return undefined;
  try {
    const parsed: unknown = parser.parse(document);
    const roots = Object.entries(Object(parsed)).filter(([name]) => name !== "#text");
    return roots.length === 1 && roots[0]?.[0] === root ? roots[0][1] : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a document as vendors do: with a declaration, and indented. A list repeats its element. */
export function printXml(root: string, content: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content, "")}`;
}

const step = "    ";

/** Attributes have an `@` before their name. What is undefined is left out. */
function element(name: string, content: unknown, indent: string): string {
  if (Array.isArray(content)) return content.map((item) => element(name, item, indent)).join("");
  if (typeof content !== "object" || content === null)
    return `${indent}<${name}>${escaped(content)}</${name}>\n`;
  let attributes = "";
  let children = "";
  for (const [key, value] of Object.entries(content)) {
    if (value === undefined) continue;
    if (key.startsWith("@")) attributes += ` ${key.slice(1)}="${escaped(value)}"`;
    else children += element(key, value, indent + step);
  }
  const inner = children === "" ? "" : `\n${children}${indent}`;
  return `${indent}<${name}${attributes}>${inner}</${name}>\n`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escaped = (value: unknown): string =>
  `${(value ?? "") as string | number | boolean}`.replaceAll(
    /[&<>"']/g,
    (character) => entities[character] ?? "",
  );
