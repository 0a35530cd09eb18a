import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it, vi } from "vitest";
import { createWorkerPlaces, type ProviderPlaces } from "../../src/lanes/provider-places.ts";
import { mayStay } from "../../src/lanes/staying.ts";

/** Takes all places that there are for a provider. */
function takeAll(places: ProviderPlaces, accountId: string, providerId: string): (() => void)[] {
  const taken: (() => void)[] = [];
  for (let leave = places.take({ accountId, providerId }); leave;) {
    taken.push(leave);
    leave = places.take({ accountId, providerId });
  }
  return taken;
}

/** As if the provider had answered so many messages at once. */
function answer(places: ProviderPlaces, times: number): void {
  for (let time = 0; time < times; time++) places.take({ accountId: "account", providerId: "provider" })?.();
}

it("a provider that has not answered yet gets one place and a quarter of all, and a place more with each quick answer", () => {
  const places = createWorkerPlaces(20).sending;
  const first = takeAll(places, "account", "provider");
  expect(first).toHaveLength(6);
  for (const leave of first) leave();
  // One more than it answered, and a quarter.
  const second = takeAll(places, "account", "provider");
  expect(second).toHaveLength(12);
  for (const leave of second) leave();
  expect(takeAll(places, "account", "provider")).toHaveLength(15);
  expect(takeAll(places, "another account", "another provider")).toHaveLength(5);
});

it("of an account's providers those that do not answer are said to have no place, and the one that does keeps its own", () => {
  const places = createWorkerPlaces(20).sending;
  for (let time = 0; time < 20; time++) places.take({ accountId: "account", providerId: "quick" })?.();
  const silent = Array.from({ length: 30 }, (_, index) => `silent ${index}`);
  const held = silent.map((providerId) => places.take({ accountId: "account", providerId }));
  expect(new Set(places.withoutPlace("account"))).toEqual(new Set(silent));
  expect(places.withoutPlace("another account")).toEqual([]);
  for (const leave of held) leave?.();
  expect(places.withoutPlace("account").length).toBeLessThan(30);
});

it("a provider that stops answering gets no more than a quarter, until it answers quickly again", () => {
  let now = 0;
  const places = createWorkerPlaces(20, () => now).sending;
  answer(places, 10);
  const silent = Array.from({ length: 4 }, () =>
    places.take({ accountId: "account", providerId: "provider" }),
  );
  now = 6_000;
  expect(takeAll(places, "account", "provider")).toHaveLength(5);
  for (const leave of silent) leave?.();
  expect(takeAll(places, "account", "provider")).toEqual([]);
});

it("providers that do not answer have half of the places together, and one that is new is tried all the same", () => {
  const places = createWorkerPlaces(20).sending;
  const counts = ["a", "b", "c", "d"].map(
    (account) => takeAll(places, account, `provider of ${account}`).length,
  );
  expect(counts).toEqual([6, 6, 1, 1]);
});

it("a single place is enough for everyone, one after the other", () => {
  const places = createWorkerPlaces(1).sending;
  for (const account of ["a", "b"]) {
    const leave = places.take({ accountId: account, providerId: account });
    expect(leave).toBeDefined();
    expect(places.take({ accountId: "c", providerId: "c" })).toBeUndefined();
    leave?.();
  }
});

it("what providers are asked takes from the same places, and leaves half of them to those that answer", () => {
  const { sending, asking } = createWorkerPlaces(20);
  const held = Array.from({ length: 40 }, (_, index) =>
    asking.take({ accountId: "account", providerId: `silent ${index}` }),
  );
  // Two that are tried, and a quarter of the half that questions have.
  expect(held.filter((leave) => leave !== undefined)).toHaveLength(5);
  expect(takeAll(sending, "another account", "another provider")).toHaveLength(6);
  for (const leave of held) leave?.();
  expect(takeAll(asking, "account", "one more")).toHaveLength(4);
});

it("a provider that does not answer questions is still sent messages", () => {
  let now = 0;
  const { sending, asking } = createWorkerPlaces(20, () => now);
  const leave = asking.take({ accountId: "account", providerId: "provider" });
  now = 6_000;
  leave?.();
  expect(takeAll(asking, "account", "provider")).toHaveLength(3);
  expect(sending.take({ accountId: "account", providerId: "provider" })).toBeDefined();
});

it("accounts whose providers answer within the limit, but slowly, cannot keep a third one waiting", () => {
  let now = 0;
  const { sending } = createWorkerPlaces(20, () => now);
  for (const account of ["a", "b"])
    for (let time = 0; time < 30; time++)
      sending.take({ accountId: account, providerId: `provider of ${account}` })?.();
  const held = ["a", "b"].flatMap((account) => takeAll(sending, account, `provider of ${account}`));
  expect(held).toHaveLength(20);
  const third = { accountId: "c", providerId: "provider of c" };
  expect(sending.take(third)).toBeUndefined();
  now = 1_000;
  held[0]?.();
  // The one that has most does not get the place back before the one that waits.
  expect(takeAll(sending, "a", "provider of a")).toEqual([]);
  expect(sending.take(third)).toBeDefined();
});

it("lists that take long share places of their own, and the others give their place back", async () => {
  let now = 0;
  const { asking } = createWorkerPlaces(20, () => now);
  const over = Promise.withResolvers<void>();
  const stays: (() => boolean)[] = [];
  const readList = (accountId: string, providerId: string): Promise<unknown> => {
    // Known to answer quickly.
    for (let time = 0; time < 9; time++) asking.take({ accountId, providerId })?.();
    return asking.hold({ accountId, providerId }, async () => {
      const stay = AsyncLocalStorage.bind(mayStay);
      stays.push(stay);
      await over.promise;
    });
  };
  const held = ["a", "b"].flatMap((account) =>
    [1, 2, 3, 4, 5].map((n) => readList(account, `${account}${n}`)),
  );
  expect(stays).toHaveLength(10);
  expect(stays.map((stay) => stay())).toEqual(Array(10).fill(true));
  now = 61_000;
  // Of ten places for asking five, and three of one account.
  expect(stays.map((stay) => stay())).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(stays.filter((stay) => stay())).toHaveLength(5);
  over.resolve();
  await Promise.all(held);
  const later = vi.fn<() => boolean>(mayStay);
  const next = asking.hold({ accountId: "a", providerId: "a1" }, async () => {
    now += 61_000;
    later();
  });
  await expect(next).resolves.toBe(true);
  expect(later).toHaveReturnedWith(true);
});
