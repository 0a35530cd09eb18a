import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { array, assert, constantFrom, letrec, oneof, option, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { readStrictXml } from "../../src/providers/wire/strict-xml.ts";
import { readLenientXml, readXml } from "../../src/providers/wire/xml.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const recorded = readdirSync(fixtures, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".xml"),
);

const name = constantFrom("a", "results", "messageId", "ns:status", "x-y");
const text = constantFrom(
  "",
  " ",
  "DELIVERED",
  " two words ",
  "&amp;",
  "&#65;b",
  "<![CDATA[a < b]]>",
  "<!-- no -->",
  "\n",
);
const attribute = tuple(constantFrom("id", "ns:kind", "xmlns:ns"), constantFrom("", "1", " x ", "&lt;")).map(
  ([key, value]) => ` ${key}="${value}"`,
);

/** Well-formed elements, nested and repeated. */
const { element } = letrec<{ element: string }>((tie) => ({
  element: tuple(
    name,
    option(attribute, { nil: "" }),
    array(oneof({ depthSize: "small", withCrossShrink: true }, text, tie("element")), {
      maxLength: 5,
    }),
  ).map(([tag, attributes, content]) => `<${tag}${attributes}>${content.join("")}</${tag}>`),
}));

describe("The strict and the lenient reader of XML", () => {
  it.each(recorded)("the strict and the lenient reader of XML say the same of the recorded %s", (file) => {
    const document = readFileSync(join(fixtures, file), "utf8").trimStart();
    expect(readStrictXml(document)).toEqual(readLenientXml(document));
  });

  it("the strict and the lenient reader of XML say the same of any well-formed document", () => {
    assert(
      property(element, (root) => {
        const read = readStrictXml(root);
        expect(read).toBeDefined();
        expect(JSON.stringify(sorted(read))).toBe(JSON.stringify(sorted(readLenientXml(root))));
      }),
    );
  });

  it("the strict reader of XML leaves what is not well-formed to the lenient one", () => {
    const document = "<a><b>Tom & Jerry</b><c flag>x</c></a>";
    expect(readStrictXml(document)).toBeUndefined();
    expect(readXml(document)).toEqual(readLenientXml(document));
    expect(readXml(document)).toMatchObject({ root: "a", content: { b: "Tom & Jerry" } });
  });
});

describe("A document that is almost XML", () => {
  it.each<[string, string, object?]>([
    ["a document type that declares nothing", '<?xml version="1.0"?><!DOCTYPE a>\n<a><b>x</b></a>'],
    ["a bare bracket", "<a><b>x</b><c>1 < 2 <3</c></a>", { b: "x", c: "1 < 2 <3" }],
    [
      "values of attributes without quotation marks",
      "<a><b>x</b><c id=1 kind=sms/></a>",
      { b: "x", c: { "@id": "1", "@kind": "sms" } },
    ],
    ["an attribute given twice", '<a><b>x</b><c id="1" id="2"/></a>', { b: "x", c: { "@id": "1" } }],
  ])("is read with %s", (_, document, expected = { b: "x" }) => {
    expect(readXml(document)).toEqual({ root: "a", content: expected });
  });

  it.each([
    ["entities of its own", '<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b></a>'],
    ["an external document type", '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a><b>x</b></a>'],
    ["a second document type", "<!DOCTYPE a><!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>"],
  ])("is not read with %s", (_, document) => {
    expect(readXml(document)).toBeUndefined();
  });
});

/** Attributes may come before elements or after. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, child]) => [key, sorted(child)]);
}

it.each([
  ["comments", "<!---->"],
  ["instructions", "<?x?>"],
  ["comments and instructions", "<!-- -->\n<?x ?>"],
])("a document that begins with thousands of %s is read in one pass", (_what, piece) => {
  expect(readXml(`${piece.repeat(5_000)}<a>1</a>`)).toEqual({ root: "a", content: "1" });
  expect(readXml(`${piece.repeat(5_000)}<!DOCTYPE a [<!ENTITY b "c">]><a>1</a>`)).toBeUndefined();
});
