import { describe, expect, it } from "vitest";
import { hasAtMost } from "../../src/wire/characters.ts";
import { readXml } from "../../src/wire/xml.ts";

describe("the length of a text", () => {
  it.each([
    ["Hello", 5, true],
    ["Hello", 4, false],
    ["😀😀", 2, true],
    ["😀😀", 1, false],
    ["", 0, true],
    ["\uD800\uD800", 2, true],
  ])("%j has at most %i characters: %s", (text, most, expected) => {
    expect(hasAtMost(text, most)).toBe(expected);
  });

  it("a text of megabytes is not taken apart", () => {
    const text = "č".repeat(20 * 1024 * 1024);
    expect(hasAtMost(text, 160)).toBe(false);
  });
});

const documentOf = (length: number): string => `<request><text>${"a".repeat(length)}</text></request>`;

describe("XML with a long text", () => {
  it("a text of ten times the longest message is read", () => {
    expect(readXml(documentOf(399_990), "request")).toEqual({ text: "a".repeat(399_990) });
  });

  it.each([
    ["in an element", documentOf(400_001)],
    ["in an attribute", `<request text="${"a".repeat(400_001)}"/>`],
    ["in CDATA", `<request><![CDATA[${"a".repeat(400_001)}]]></request>`],
    ["after the last tag", `<request></request${" ".repeat(400_001)}>`],
  ])("a longer one is not: %s", (_where, document) => {
    expect(readXml(document, "request")).toBeUndefined();
  });

  it("many texts that are shorter are", () => {
    const many = `<request>${`<text>${"a".repeat(1_000)}</text>`.repeat(1_000)}</request>`;
    expect(readXml(many, "request")).toMatchObject({ text: { length: 1_000 } });
  });
});
