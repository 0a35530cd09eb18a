import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { isCountry } from "../../src/sms/countries.ts";
import { senderProblem, senderRules, senderSources } from "../../src/sms/sender-rules.ts";

const none = (): boolean => false;

it.each([
  ["Shop", "US", /senders are numbers/],
  ["Shop", "BR", /senders are numbers/],
  ["Shop", "SG", /has to be registered first/],
  ["Shop", "IN", /six letters/],
  ["MyShop", "IN", /has to be registered first/],
  ["A very long name", "SK", /more than 11 characters/],
  ["A very long name", null, /more than 11 characters/],
])("the sender %s is questioned in %s", (sender, country, why) => {
  expect(senderProblem(sender, country, none)).toMatch(why);
});

it.each([
  ["Shop", "SK"],
  ["Shop", null],
  ["+12125551000", "US"],
  ["55555", "US"],
])("nothing is known against the sender %s in %s", (sender, country) => {
  expect(senderProblem(sender, country, none)).toBeUndefined();
});

const isRegistered = (sender: string, country: string): boolean => sender === "Shop" && country === "SG";

it("a name that is registered in a country is not questioned there", () => {
  expect(senderProblem("Shop", "SG", isRegistered)).toBeUndefined();
  expect(senderProblem("Shop", "TH", isRegistered)).toMatch(/registered/);
});

it("docs/sender-rules.md names every country that has a rule, and every source", () => {
  const text = readFileSync("docs/sender-rules.md", "utf8");
  const unnamed = [...senderRules.keys()].filter((country) => !new RegExp(`\\b${country}\\b`).test(text));
  expect(unnamed).toEqual([]);
  expect(Object.values(senderSources).filter((source) => !text.includes(source))).toEqual([]);
  expect([...senderRules.keys()].filter((country) => !isCountry(country))).toEqual([]);
});
