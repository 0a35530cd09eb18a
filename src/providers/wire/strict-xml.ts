import { SaxesParser } from "saxes";

/**
 * An element as plain data: its text, or its children by name (an array when a name repeats). Attributes
 * become children with an `@` before the name, if the element has children or is empty. All values are text.
 */
export type XmlValue = string | XmlElement | XmlValue[];
export interface XmlElement {
  [name: string]: XmlValue;
}

export interface XmlDocument {
  /** The name of the root element. */
  root: string;
  content: XmlValue;
}

/** Maximum depth of nested elements. */
export const deepest = 50;

/** Reads a well-formed document in one pass, as nearly all are; undefined for any other. */
export function readStrictXml(document: string): XmlDocument | undefined {
  const parser = new SaxesParser();
  const tree = new Tree();
  parser.on("opentag", ({ name, attributes }) => tree.open(name, attributes));
  parser.on("text", (text) => tree.write(text));
  parser.on("cdata", (text) => tree.write(text));
  parser.on("closetag", () => tree.close());
  try {
    // The parser throws on any fault.
    parser.write(document).close();
    return tree.document;
  } catch {
    return undefined;
  }
}

/** An element that is being read. */
interface OpenElement {
  name: string;
  attributes: [name: string, value: string][];
  children: XmlElement;
  hasElements: boolean;
  text: string;
}

/** Turns each element into plain data when it is closed. */
class Tree {
  readonly #open: OpenElement[] = [];
  /** Text since the last tag. */
  #text = "";
  document: XmlDocument | undefined;

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#open.length === deepest) throw new Error("The document is nested too deeply");
    this.#flush();
    this.#open.push({
      name: localName(name),
      attributes: Object.entries(attributes).filter(([key]) => !/^xmlns(?:$|:)/.test(key)),
      children: {},
      hasElements: false,
      text: "",
    });
  }

  write(text: string): void {
    this.#text += text;
  }

  close(): void {
    this.#flush();
    const element = this.#open.pop();
    if (!element) return;
    const content = contentOf(element);
    const parent = this.#open.at(-1);
    if (!parent) this.document = { root: element.name, content };
    else {
      parent.hasElements = true;
      add(parent.children, element.name, content);
    }
  }

  #flush(): void {
    const element = this.#open.at(-1);
    if (element) element.text += this.#text.trim();
    this.#text = "";
  }
}

/**
 * Without child elements, an element is its text and its attributes are dropped; if it has no text either,
 * its attributes are its content.
 */
function contentOf({ attributes, children, hasElements, text }: OpenElement): XmlValue {
  if (!hasElements && (text !== "" || attributes.length === 0)) return text;
  for (const [name, value] of attributes) add(children, `@${localName(name)}`, value.trim());
  return children;
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

function add(children: XmlElement, name: string, content: XmlValue): void {
  const present = Object.hasOwn(children, name) ? children[name] : undefined;
  if (name === "__proto__") throw new Error("That is no name for an element");
  if (present === undefined) children[name] = content;
  else if (Array.isArray(present)) present.push(content);
  else children[name] = [present, content];
}
