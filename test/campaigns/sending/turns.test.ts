import { expect, it } from "vitest";
import { inTurns } from "../../../src/campaigns/sending/turns.ts";

/** As `A1` of account A; those of priority HIGH with an exclamation mark. */
const campaigns = (...names: string[]) =>
  names.map((name) => ({
    name,
    accountId: name.slice(0, 1),
    priority: name.endsWith("!") ? ("HIGH" as const) : ("NORMAL" as const),
  }));

const orderOf = (names: string[], turn: number): string =>
  inTurns(campaigns(...names), turn)
    .map(({ name }) => name)
    .join(" ");

it("each account has one campaign tried before another has its next one", () => {
  expect(orderOf(["A1", "A2", "A3", "B1", "C1"], 0)).toBe("A1 B1 C1 A2 A3");
  expect(orderOf(["A1", "A2", "A3", "B1", "C1"], 1)).toBe("B1 C1 A1 A2 A3");
});

it("an account with a thousand campaigns holds up another by one", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `A${index}`);
  for (const turn of [0, 1, 2, 3]) {
    const order = orderOf([...many, "B1"], turn).split(" ");
    expect(order.indexOf("B1")).toBeLessThanOrEqual(1);
    expect(new Set(order).size).toBe(1_001);
  }
});

it("the most urgent campaigns of an account come first, and equal ones take turns", () => {
  const names = ["A1!", "A2!", "A3", "B1"];
  expect([0, 2, 4].map((turn) => orderOf(names, turn))).toEqual([
    "A1! B1 A2! A3",
    "A2! B1 A1! A3",
    "A1! B1 A2! A3",
  ]);
});

it("without campaigns there is nothing to try", () => {
  expect(inTurns([], 7)).toEqual([]);
});
