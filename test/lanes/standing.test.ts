import { describe, expect, it } from "vitest";
import { standingOf, type ProviderState } from "../../src/lanes/standing.ts";

const now = new Date("2026-01-31T08:00:00.000Z");
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

const state = (change: Partial<ProviderState> = {}): ProviderState => ({
  breaker: "CLOSED",
  openUntil: null,
  openSeconds: 0,
  closedAt: ago(1_000),
  noCreditSince: null,
  creditProbeAt: null,
  amount: null,
  units: null,
  creditLimit: null,
  ...change,
});

const trust = (change: Partial<ProviderState>): number => standingOf(state(change), now).trust;

describe("trust", () => {
  it.each([
    ["a breaker that never opened", {}, 1],
    ["no lane yet", { breaker: null }, 1],
    ["an open breaker", { breaker: "OPEN", openUntil: ago(-5) }, 0],
    ["a probe under way", { breaker: "HALF_OPEN", openUntil: ago(-40) }, 0],
    ["a probe due for a moment", { breaker: "OPEN", openUntil: ago(6) }, 0.1],
    ["a probe that has long been due", { breaker: "OPEN", openUntil: ago(600) }, 1],
    ["a breaker closed just now", { openSeconds: 10, closedAt: now }, 0.1],
    ["one closed half a trial ago", { openSeconds: 10, closedAt: ago(30) }, 0.55],
    ["one closed a trial ago", { openSeconds: 10, closedAt: ago(60) }, 1],
  ] as const)("routing trusts a provider as documented after %s", (_name, change, expected) => {
    expect(trust(change)).toBeCloseTo(expected, 9);
  });
});

describe("credit", () => {
  it.each([
    ["no balance reported", {}, true],
    ["money left", { amount: "0.01" }, true],
    ["none left", { amount: "0" }, false],
    ["less than none, within the limit", { amount: "-5", creditLimit: "10" }, true],
    ["the limit reached", { amount: "-10", creditLimit: "10" }, false],
    ["units left", { units: "3" }, true],
    ["no units left", { units: "0" }, false],
    ["a refusal for lack of credit", { amount: "5", noCreditSince: ago(1), creditProbeAt: ago(-100) }, false],
    ["such a refusal, to be tried again", { noCreditSince: ago(200), creditProbeAt: ago(30) }, true],
  ] as const)("routing knows whether a provider has credit with %s", (_name, change, expected) => {
    expect(standingOf(state(change), now).hasCredit).toBe(expected);
  });
});
