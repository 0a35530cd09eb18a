import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RoutingPolicy } from "../../../src/pricing/routing/policies.ts";
import { route, type RouteResult } from "../../../src/pricing/routing/route.ts";
import { countryRate, fakeTable, type FakeProvider } from "../../support/routing-table.ts";
import type { Standing } from "../../../src/lanes/standing.ts";
import type { RouteRequest } from "../../../src/pricing/routing/routing-table.ts";
import { runs } from "../../support/runs.ts";

const plain: RouteRequest = {
  to: "+421901000000",
  country: "SK",
  text: "Hello",
  encoding: "GSM7",
  segments: 1,
  seed: "+421901000000",
};

const takenBy = (result: RouteResult): string | undefined =>
  result.kind === "routed" ? result.connection.row.id : undefined;

const codesOf = (result: RouteResult): Record<string, string> => {
  const rejected = result.kind === "routed" ? result.decision.rejected : result.rejected;
  return Object.fromEntries(rejected.map(({ providerId, code }) => [providerId, code]));
};

describe("a message without special requirements", () => {
  it("a message goes to the provider of the lowest priority number, and the others get the reason", () => {
    const result = route(
      fakeTable([
        { id: "a", priority: 20 },
        { id: "b", priority: 10 },
      ]),
      plain,
    );
    expect(takenBy(result)).toBe("b");
    expect(codesOf(result)).toEqual({ a: "LOWER_PRIORITY" });
  });

  it("a message goes to the cheapest provider of a priority", () => {
    const rates = [countryRate("a", "SK", "231", "0.1"), countryRate("b", "SK", "231", "0.09")];
    const result = route(fakeTable([{ id: "a" }, { id: "b" }], { rates }), plain);
    expect(result).toMatchObject({ decision: { providerId: "b", price: "0.09", currency: "EUR" } });
    expect(codesOf(result)).toEqual({ a: "DEARER" });
  });

  it("a message goes to a provider without a rate only if none has one", () => {
    const table = fakeTable(
      [
        { id: "a", priority: 1 },
        { id: "b", priority: 2 },
      ],
      {
        rates: [countryRate("b", "SK", "231", "9")],
      },
    );
    expect(codesOf(route(table, plain))).toEqual({ a: "NO_RATE" });
    expect(takenBy(route(table, { ...plain, country: "CZ" }))).toBe("a");
  });

  it("a message goes to the preferred unhealthy provider rather than to none", () => {
    const bad = { trust: 0, hasCredit: true };
    const table = fakeTable([{ id: "a" }, { id: "b", priority: 1 }], {
      standings: new Map([
        ["a", bad],
        ["b", bad],
      ]),
    });
    expect(route(table, plain)).toMatchObject({ isSound: false, decision: { providerId: "b" } });
  });

  it("a message without a route gets each provider's reason", () => {
    const table = fakeTable([{ id: "a", kind: "TONKRA" }, { id: "b" }], {
      disabled: [{ id: "c", name: "Off" }],
    });
    const result = route(table, { ...plain, cadenceGroupId: "g" });
    expect(result.kind).toBe("no_route");
    expect(codesOf(result)).toEqual({ a: "UNSUPPORTED_FEATURE", b: "UNSUPPORTED_FEATURE", c: "DISABLED" });
  });

  it("a message skips providers that do not take its sender ID", () => {
    const table = fakeTable([{ id: "a", priority: 1, defaultSender: null }, { id: "b" }]);
    const result = route(table, plain);
    expect(takenBy(result)).toBe("b");
    expect(codesOf(result)).toEqual({ a: "SENDER_NOT_ALLOWED" });
  });
});

const to = (id: string): RoutingPolicy["routes"] => [{ providerId: id, priority: null, weight: null }];

describe("policies", () => {
  const none = { countries: [], mccs: [], prefixes: [] };
  const policies: RoutingPolicy[] = [
    { ...none, routes: to("general") },
    { ...none, countries: ["SK"], routes: to("country") },
    { ...none, mccs: ["230"], routes: to("mcc") },
    { ...none, mccs: ["23101"], routes: to("network") },
    { ...none, prefixes: ["421"], routes: to("prefix") },
    { ...none, prefixes: ["421905"], routes: to("longer") },
  ];
  const names = ["general", "country", "mcc", "network", "prefix", "longer"];
  const table = (own = policies) =>
    fakeTable(
      names.map((id) => ({ id })),
      { policies: own },
    );

  it.each([
    ["the longest prefix", { to: "+421905000000", country: "SK" }, "longer"],
    ["a prefix before the country", { to: "+421901000000", country: "SK" }, "prefix"],
    ["a country code for its country", { to: "+420601000000", country: "CZ" }, "mcc"],
    ["none of them", { to: "+4915100000000", country: "DE" }, "general"],
  ])("policies are chosen by %s", (_name, destination, expected) => {
    expect(takenBy(route(table(), { ...plain, ...destination }))).toBe(expected);
  });

  it("policies are chosen by the network when it is known", () => {
    const withoutPrefixes = table(policies.filter(({ prefixes }) => prefixes.length === 0));
    expect(takenBy(route(withoutPrefixes, { ...plain, mccmnc: "23101" }))).toBe("network");
    expect(takenBy(route(withoutPrefixes, { ...plain, mccmnc: "231001" }))).toBe("network");
    expect(takenBy(route(withoutPrefixes, { ...plain, mccmnc: "23102" }))).toBe("country");
  });

  it("a policy divides the traffic of a priority by weight, and each recipient always goes the same way", () => {
    const routes = [
      { providerId: "a", priority: 1, weight: 70 },
      { providerId: "b", priority: 1, weight: 30 },
      { providerId: "c", priority: 2, weight: 1_000 },
    ];
    const weighted = fakeTable(
      ["a", "b", "c"].map((id) => ({ id })),
      { policies: [{ ...none, routes }] },
    );
    const seeds = Array.from({ length: 20_000 }, (_, index) => `+4219${String(index).padStart(8, "0")}`);
    const taken = seeds.map((seed) => takenBy(route(weighted, { ...plain, seed })));
    const share = taken.filter((id) => id === "a").length / seeds.length;
    expect(share).toBeGreaterThan(0.68);
    expect(share).toBeLessThan(0.72);
    expect(taken).not.toContain("c");
    expect(seeds.map((seed) => takenBy(route(weighted, { ...plain, seed })))).toEqual(taken);
    const excluded = new Set(["a", "b"]);
    expect(takenBy(route(weighted, { ...plain, excluded }))).toBe("c");
  });
});

it("a provider on trial gets its share and no more", () => {
  const table = fakeTable([{ id: "a", priority: 1 }, { id: "b" }], {
    standings: new Map([["a", { trust: 0.25, hasCredit: true }]]),
  });
  const seeds = Array.from({ length: 20_000 }, (_, index) => String(index));
  const share =
    seeds.filter((seed) => takenBy(route(table, { ...plain, seed })) === "a").length / seeds.length;
  expect(share).toBeGreaterThan(0.23);
  expect(share).toBeLessThan(0.27);
});

/** The routing rules written again, one after the other: slow and plain. */
function oracle(
  providers: readonly (FakeProvider & { priority: number })[],
  standings: ReadonlyMap<string, Standing>,
  prices: ReadonlyMap<string, number>,
  policies: readonly { prefix: string; ids: readonly string[]; priorities: readonly (number | null)[] }[],
  request: RouteRequest & { to: string },
): string | undefined {
  let allowed = providers.map(({ id, priority }) => ({ id, priority }));
  const matching = policies.filter(({ prefix }) => request.to.startsWith(`+${prefix}`));
  const longest = Math.max(...matching.map(({ prefix }) => prefix.length));
  const policy = matching.find(({ prefix }) => prefix.length === longest);
  if (policy) {
    allowed = allowed.flatMap(({ id, priority }) => {
      const place = policy.ids.indexOf(id);
      return place === -1 ? [] : [{ id, priority: policy.priorities[place] ?? priority }];
    });
  }
  let left = allowed.filter(({ id }) => !request.excluded?.has(id));
  left = left.filter(({ id }) => {
    const kind = providers.find((one) => one.id === id)?.kind;
    return request.flash !== true || kind === "TELEKOM" || kind === "QIKLI";
  });
  const prefer = (good: (id: string) => boolean): void => {
    const better = left.filter(({ id }) => good(id));
    if (better.length > 0) left = better;
  };
  prefer((id) => standings.get(id)?.hasCredit !== false);
  prefer((id) => standings.get(id)?.trust !== 0);
  prefer((id) => prices.has(id));
  const best = Math.min(...left.map(({ priority }) => priority));
  left = left.filter(({ priority }) => priority === best);
  const cheapest = Math.min(...left.map(({ id }) => prices.get(id) ?? 0));
  left = left.filter(({ id }) => (prices.get(id) ?? 0) === cheapest);
  const order = (id: string): number => providers.find((one) => one.id === id)?.priority ?? 0;
  return left.toSorted((one, other) => order(one.id) - order(other.id) || (one.id < other.id ? -1 : 1))[0]
    ?.id;
}

it("routing follows the rules for generated providers, policies, states and rates", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const kinds = ["TIKOSMS", "TONKRA", "TELEKOM", "QIKLI"] as const;
  const arbitrary = fc.record({
    providers: fc.subarray(ids, { minLength: 1 }).chain((chosen) =>
      fc.tuple(
        ...chosen.map((id) =>
          fc.record({
            id: fc.constant(id),
            kind: fc.constantFrom(...kinds),
            priority: fc.integer({ min: 1, max: 3 }),
          }),
        ),
      ),
    ),
    standings: fc.dictionary(
      fc.constantFrom(...ids),
      fc.record({ trust: fc.constantFrom(0, 1), hasCredit: fc.boolean() }),
    ),
    prices: fc.dictionary(fc.constantFrom(...ids), fc.integer({ min: 1, max: 3 })),
    policies: fc.uniqueArray(
      fc.record({
        prefix: fc.constantFrom("4", "42", "421", "4219", "420"),
        ids: fc.subarray(ids, { minLength: 1 }),
        priorities: fc.array(fc.option(fc.integer({ min: 1, max: 3 })), { minLength: 5, maxLength: 5 }),
      }),
      { selector: ({ prefix }) => prefix },
    ),
    excluded: fc.subarray(ids, { maxLength: 2 }),
    flash: fc.boolean(),
  });
  fc.assert(
    fc.property(arbitrary, ({ providers, standings, prices, policies, excluded, flash }) => {
      const known = new Map(Object.entries(standings));
      const table = fakeTable(providers, {
        standings: known,
        rates: Object.entries(prices).map(([id, price]) => countryRate(id, "SK", "231", `0.0${price}`)),
        policies: policies.map((policy) => ({
          countries: [],
          mccs: [],
          prefixes: [policy.prefix],
          routes: policy.ids.map((providerId, place) => ({
            providerId,
            priority: policy.priorities[place] ?? null,
            weight: null,
          })),
        })),
      });
      const request = { ...plain, to: "+421901000000", flash, excluded: new Set(excluded) };
      const expected = oracle(providers, known, new Map(Object.entries(prices)), policies, request);
      const result = route(table, request);
      expect(takenBy(result)).toBe(expected);
      // Routing again gives the same result, and the result covers every provider.
      expect(route(table, request)).toEqual(result);
      const told = [...Object.keys(codesOf(result)), ...(expected === undefined ? [] : [expected])];
      expect(told.toSorted()).toEqual(providers.map(({ id }) => id).toSorted());
    }),
    runs(600),
  );
});
