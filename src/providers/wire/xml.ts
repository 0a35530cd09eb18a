import { SaxesParser } from "saxes";

/**
 * An element as plain data: text, or its children by name (an array where a name repeats); attributes are
 * children too, with an `@` before their name. Every value is text.
 */
export type XmlValue = string | XmlElement | XmlValue[];
export interface XmlElement {
  [name: string]: XmlValue;
}

const deepest = 50;

/** What a document may have in its text although XML forbids it: it does no harm, and a receipt would be lost to it. */
const tolerated =
  /: (?:disallowed character|undefined entity|empty entity name|malformed character entity)\.$/;

/**
 * Reads an XML document: its root's name and content. Undefined when it is not well-formed, or declares a
 * document type (entities, external files): no provider needs one.
 */
export function readXml(text: string): { root: string; content: XmlValue } | undefined {
  const document = text.replace(/^\uFEFF/, "").trimStart();
  if (!document.startsWith("<") || /<!DOCTYPE|<!ENTITY/i.test(document)) return undefined;
  const parser = new SaxesParser();
  const tree = new Tree();
  parser.on("error", (error) => {
    if (!tolerated.test(error.message)) throw error;
  });
  parser.on("opentag", ({ name, attributes }) => tree.open(name, attributes));
  parser.on("text", (content) => tree.write(content));
  parser.on("cdata", (content) => tree.write(content));
  parser.on("closetag", () => tree.close());
  try {
    parser.write(document).close();
    return tree.root;
  } catch {
    return undefined;
  }
}

/** An element that is being read. */
interface OpenElement {
  name: string;
  children: XmlElement;
  hasChildren: boolean;
  text: string;
}

/** Elements become plain data as they are closed. */
class Tree {
  readonly #open: OpenElement[] = [];
  root: { root: string; content: XmlValue } | undefined;

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#open.length === deepest) throw new Error("The document is nested too deeply");
    const element: OpenElement = { name, children: noChildren(), hasChildren: false, text: "" };
    for (const key in attributes) add(element, `@${key}`, attributes[key] ?? "");
    this.#open.push(element);
  }

  write(text: string): void {
    const element = this.#open.at(-1);
    if (element) element.text += text.trim();
  }

  close(): void {
    const element = this.#open.pop();
    if (!element) return;
    const { name, text, children, hasChildren } = element;
    if (hasChildren && text !== "") children["#text"] = text;
    const content = hasChildren ? children : text;
    const parent = this.#open.at(-1);
    if (parent) add(parent, name, content);
    else this.root = { root: name, content };
  }
}

/** A document may name an element as it likes, `__proto__` too. */
const noChildren = (): XmlElement => Object.create(null) as XmlElement;

function add(element: OpenElement, name: string, content: XmlValue): void {
  const { children } = element;
  const present = children[name];
  element.hasChildren = true;
  if (present === undefined) children[name] = content;
  else if (Array.isArray(present)) present.push(content);
  else children[name] = [present, content];
}

/** What may be written as XML: text, numbers, booleans, nested elements and lists of them; undefined is left out. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | XmlContent[]
  | { [name: string]: XmlContent };

/** Writes a document with a declaration; a list repeats its element. */
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

// XML 1.0 has no place for most control characters, not even escaped.
const unwritable = /(?![\t\n\r\u007F-\u009F])\p{Cc}|[\uFFFE\uFFFF]/gu;

function escapeText(text: string): string {
  const writable = text.toWellFormed().replace(unwritable, "");
  return writable
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}
