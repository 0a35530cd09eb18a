import { expect, test } from "vitest";
import { Origin, Origins, type HeldReport } from "../../src/compat/reports/origins.ts";

const held = (count: number): HeldReport[] =>
  Array.from({ length: count }, () => ({ report: {} as never, message: undefined, takenAt: 0 }));

const answered = (origin: Origin, times: number, latencyMs: number): void => {
  for (let time = 0; time < times; time++) origin.note(true, latencyMs);
};

test("of an origin that nothing is known of only as much is taken as may be in progress", () => {
  const origin = new Origin("https://a.example");
  expect(origin.room).toBe(8);
  origin.held.push(...held(8));
  origin.inFlight = 7;
  expect([origin.room, origin.isOpen]).toEqual([0, true]);
  origin.inFlight = 8;
  expect(origin.isOpen).toBe(false);
});

test("of an origin that answers, what it can be posted within a second is taken in advance, up to a thousand", () => {
  const origin = new Origin("https://a.example");
  answered(origin, 100, 1);
  expect(origin.capacity).toBe(1_000);
  const slow = new Origin("https://slow.example");
  answered(slow, 100, 200);
  expect(slow.capacity).toBe(320);
  const slowest = new Origin("https://slowest.example");
  answered(slowest, 100, 10_000);
  expect(slowest.capacity).toBe(128);
});

test("an origin that does not answer gets one at a time, and what was taken for it is given back", () => {
  const origin = new Origin("https://a.example");
  answered(origin, 100, 1);
  origin.held.push(...held(900));
  expect(origin.surplus()).toEqual([]);
  origin.note(false, 15_000);
  expect(origin.surplus()).toHaveLength(898);
  origin.inFlight = 1;
  expect([origin.isWell, origin.isOpen, origin.held.length]).toEqual([false, false, 2]);
});

/** So many origins of an account, none of which answers; what is held of all known ones afterwards. */
function fill(origins: Origins, accountId: string, count = 900): number {
  for (let place = 0; place < count; place++)
    origins.want(`https://${accountId}-${place}.example`, accountId);
  for (let round = 0; round < 2; round++)
    for (const { origin, places } of origins.takeRooms()) origins.get(origin).held.push(...held(places));
  return origins.all.reduce((sum, one) => sum + one.held.length, 0);
}

test("origins that do not answer hold at most half of the memory, those of one account a quarter, so that others find room", () => {
  const origins = new Origins();
  expect(fill(origins, "one")).toBe(1_250);
  expect(fill(origins, "two", 10)).toBe(1_330);
  expect(fill(origins, "two")).toBe(2_500);
  answered(origins.get("https://well.example"), 60, 1);
  origins.want("https://well.example", "well");
  expect(origins.takeRooms()).toEqual([{ accountId: "well", origin: "https://well.example", places: 1_000 }]);
});

test("the origins of one account that answer slowly hold half of the memory", () => {
  const origins = new Origins();
  for (let place = 0; place < 90; place++) {
    const name = `https://slow-${place}.example`;
    answered(origins.get(name), 60, 14_000);
    origins.want(name, "one");
  }
  expect(origins.takeRooms().reduce((sum, { places }) => sum + places, 0)).toBe(2_500);
});

test("an account of which more origins are wanted than there are places keeps nobody else from being wanted", () => {
  const origins = new Origins();
  for (let place = 0; place < 5_000; place++) origins.want(`https://a-${place}.example`, "A");
  origins.want("v", "B");
  expect(origins.takeRooms()).toContainEqual({ accountId: "B", origin: "v", places: 8 });
});

test("where every place of what is wanted is taken, whoever has most gives one up for an account that has less", () => {
  const origins = new Origins();
  for (let account = 0; account < 9; account++)
    for (let place = 0; place < 1_000; place++)
      origins.want(`https://${account}-${place}.example`, `${account}`);
  origins.want("v", "B");
  expect(origins.takeRooms().map(({ origin }) => origin)).toContain("v");
});

test("accounts take turns, also in who comes first where there is not room for all", () => {
  const origins = new Origins();
  for (const account of ["A", "B"])
    for (let place = 0; place < 600; place++) origins.want(`${account}${place}`, account);
  const firsts = () =>
    origins
      .takeRooms()
      .slice(0, 4)
      .map(({ origin }) => origin);
  expect(firsts()).toEqual(["A0", "B0", "A1", "B1"]);
  expect(firsts().map((name) => name[0])).toEqual(["B", "A", "B", "A"]);
});

test("what is known of origins has a bound, and the many of one account make no other's forgotten", () => {
  const origins = new Origins();
  const other = origins.get("https://other.example");
  other.accountId = "B";
  for (let place = 0; place < 20_000; place++) origins.get(`https://a-${place}.example`).accountId = "A";
  origins.takeRooms();
  expect(origins.all).toHaveLength(4_000);
  expect(origins.get("https://other.example")).toBe(other);
});
