import { expect, it } from "vitest";
import { KeptBodies } from "../../src/callbacks/kept-bodies.ts";
import { InboundAllowance } from "../../src/messages/inbound/inbound-allowance.ts";

const hour = 3_600_000;
const reading = (length: number) => ({ from: "+421901000000", text: "x".repeat(length) });

it("bodies are kept as long as what is in them explains them", () => {
  const kept = new KeptBodies(() => 0);
  // As much as a million receipts.
  for (let count = 0; count < 1_000; count++)
    expect(kept.keeps("account", "x".repeat(400_000), 1_000)).toBe(true);
  expect(kept.keeps("account", "x".repeat(1024 * 1024), 0)).toBe(true);
});

it("of bodies that are nearly all padding an account has a budget, which comes back", () => {
  let now = 0;
  const kept = new KeptBodies(() => now);
  const padded = "x".repeat(1024 * 1024);
  const bytesKept = (account: string): number =>
    Array.from({ length: 1_000 }, () => kept.keeps(account, padded, 1)).filter(Boolean).length;
  expect(bytesKept("account")).toBe(256);
  expect(bytesKept("account")).toBe(0);
  expect(kept.keeps("account", '{"id":"1"}', 1)).toBe(true);
  expect(bytesKept("another")).toBe(256);
  now = hour;
  expect(bytesKept("account")).toBe(16);
});

it("an account takes so many messages from people, and long ones count more than once", () => {
  let now = 0;
  const allowance = new InboundAllowance(() => now);
  const taken = (length: number): number => {
    let count = 0;
    while (allowance.takes("account", [reading(length)])) count++;
    return count;
  };
  expect(taken(160)).toBe(50_000);
  expect(allowance.takes("another", [reading(160)])).toBe(true);
  now = hour;
  expect(taken(160)).toBe(36_000);
  now = 3 * hour;
  expect(taken(9_999)).toBe(5_000);
});
