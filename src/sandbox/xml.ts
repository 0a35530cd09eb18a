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
 * Reads the document whose root has this name: children by name, text as it stands, attributes with an `@` before
 * their name. Undefined when it is not well-formed, has another root, or brings a document type of its own.
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

/** Prints a document as vendors do: with a declaration, indented. A list repeats its element. */
export function printXml(root: string, content: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: content })}`;
}
