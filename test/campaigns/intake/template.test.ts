import { describe, expect, it } from "vitest";
import { parseTemplate } from "../../../src/campaigns/intake/template.ts";
import { InvalidTextError } from "../../../src/lib/errors.ts";

describe("a template", () => {
  it.each([
    ["Hello", [], [], "Hello"],
    ["Hello {{name}}!", ["name"], ["Jana"], "Hello Jana!"],
    ["{{ name }}", ["name"], ["Jana"], "Jana"],
    ["{{a}}{{b}}{{a}}", ["a", "b"], ["1", "2"], "121"],
    ["{{First name}}, {{mesto_č}}", ["First name", "mesto_č"], ["Jana", "Žilina"], "Jana, Žilina"],
    ["{{name}}", ["name"], [""], ""],
    ["{{name}}", ["name"], ["{{name}}"], "{{name}}"],
    ["Write \\{{name}} for {{name}}", ["name"], ["Jana"], "Write {{name}} for Jana"],
    ["a } b { c }} \\ d", [], [], "a } b { c }} \\ d"],
  ])("the template %j has the names %j, and the values %j give %j", (text, names, values, rendered) => {
    const template = parseTemplate(text);
    expect(template.names).toEqual(names);
    expect(template.render(values)).toBe(rendered);
  });

  it("a template is not rendered while a value is missing", () => {
    expect(parseTemplate("{{a}} {{b}}").render(["1", undefined])).toBeUndefined();
  });

  it.each(["Hello {{name", "{{}}", "{{ }}", "{{a{b}}", `{{${"x".repeat(65)}}}`, "{{{name}}}", "{{a {{b}}"])(
    "the template %j is refused with the right way to write it",
    (text) => {
      expect(() => parseTemplate(text)).toThrow(InvalidTextError);
      expect(() => parseTemplate(text)).toThrow(
        /Write one as \{\{name\}\}.*for the braces themselves write \\\{\{/,
      );
    },
  );
});

it("the longer a text is, the fewer recipients get it filled in at once", () => {
  expect(parseTemplate("Hello {{name}}").atOnce).toBe(2_500);
  expect(parseTemplate("x".repeat(6_400)).atOnce).toBe(250);
  expect(parseTemplate("{{a}}".repeat(8_000)).atOnce).toBe(40);
});

it("a text with long values is filled in no further than any provider could take", () => {
  const template = parseTemplate("{{a}}".repeat(8_000));
  expect(template.render(["x".repeat(10_000)])).toHaveLength(50_000);
});

it("a text is only so long, whoever reads it, and may be nothing but placeholders", () => {
  const longest = "{{a}}".repeat(8_000);
  expect(parseTemplate(longest).names).toEqual(["a"]);
  expect(() => parseTemplate(`${longest}x`)).toThrow(/more than 40000 characters/);
});
