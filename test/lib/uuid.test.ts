import { expect, test } from "vitest";
import { canonicalId, firstMessageIdAt, isUuid, newMessageId } from "../../src/lib/uuid.ts";

const at = (time: string): Date => new Date(time);

test("a new id is a UUID of version 7 that tells its time, and no two are the same", () => {
  const ids = Array.from({ length: 1000 }, () => newMessageId(at("2026-01-31T08:00:00.123Z")));
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^019c1310-e47b-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("ids are in the order of their time, and the first of a time is below all of it", () => {
  const times = [
    "1969-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2026-01-31T08:00:00.123Z",
    "9999-12-31T23:59:59.999Z",
  ];
  for (const [index, time] of times.entries()) {
    const [first, id, next] = [firstMessageIdAt(at(time)), newMessageId(at(time)), times[index + 1]];
    expect(isUuid(first)).toBe(true);
    expect(first < id).toBe(true);
    expect(next === undefined || index === 0 || id < firstMessageIdAt(at(next))).toBe(true);
  }
});

test.each([
  [" D3B0E5A1-2224-4A7E-8B12-7C61D3A7BFB9\n", "d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9"],
  ["d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9", "d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9"],
  [" aB3 ", "aB3"],
  ["0017", "0017"],
])("a provider's id %j is stored as %j", (written, stored) => {
  expect(canonicalId(written)).toBe(stored);
});
