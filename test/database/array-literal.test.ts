import { expect, it } from "vitest";
import { ArrayLiteral, element } from "../../src/database/array-literal.ts";

it("a collected array literal is the one of all its elements, whatever they hold and however many there are", () => {
  const texts = [null, "", "a,b", '"', "\\", "NULL", "Ružinov 🎈", "x".repeat(20_000)];
  const literal = new ArrayLiteral();
  expect(literal.isEmpty).toBe(true);
  expect(literal.take()).toBe("{}");
  for (let round = 0; round < 2; round++) {
    for (const text of texts) literal.add(element(text));
    literal.add([1, 2].join(","));
    expect(literal.isEmpty).toBe(false);
    expect(literal.take()).toBe(`{${[...texts.map(element), 1, 2].join(",")}}`);
    expect(literal.isEmpty).toBe(true);
  }
});
