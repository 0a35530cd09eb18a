import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

const attributes = { ignoreAttributes: false, attributeNamePrefix: "@" } as const;

const parser = new XMLParser({
  ...attributes,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/**
 * Reads a document with this root element: children by name, text unchanged, attributes with an `@` before
 * the name. Undefined when it is not well-formed, has another root or declares a document type.
 */
export function readXml(text: string, root: string): unknown {
  const document = text.trim();
  if (/<!DOCTYPE/i.test(document) || XMLValidator.validate(document) !== true) return undefined;
  try {
    const parsed: unknown = parser.parse(document);
    const roots = Object.entries(Object(parsed)).filter(([name]) => name !== "#text");
    return roots.length === 1 && roots[0]?.[0] === root ? roots[0][1] : undefined;
  } catch {
    return undefined;
  }
}

const builder = new XMLBuilder({ ...attributes, format: true, indentBy: "    " });

/** Writes a document as vendors do: with a declaration, and indented. A list repeats its element. */
export function printXml(root: string, content: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: content })}`;
}
