import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TooManyRequestsError } from "../../src/lib/errors.ts";
import { asLongRequest, asLongRequestIfMany } from "../../src/lib/places.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Work that goes on until it is ended. */
function held() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { work: vi.fn<() => Promise<string>>(() => promise), end: () => resolve("done") };
}

it("three long requests of an account run at a time, and those of others and short ones do not wait for them", async () => {
  const long = [held(), held(), held(), held()];
  const running = long.map(({ work }) => asLongRequestIfMany("one", 1_000, work));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(long.map(({ work }) => work.mock.calls.length)).toEqual([1, 1, 1, 0]);
  expect(await asLongRequestIfMany("one", 999, () => Promise.resolve("short"))).toBe("short");
  expect(await asLongRequest("other", () => Promise.resolve("theirs"))).toBe("theirs");
  long[1]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(long[3]?.work).toHaveBeenCalledOnce();
  for (const { end } of long) end();
  expect(await Promise.all(running)).toEqual(["done", "done", "done", "done"]);
});

it("a long request that gets no place in time is refused, and its work has not begun", async () => {
  const long = [held(), held(), held()];
  const running = long.map(({ work }) => asLongRequest("one", work));
  const work = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const refused = asLongRequest("one", work).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await refused).toBeInstanceOf(TooManyRequestsError);
  expect(work).not.toHaveBeenCalled();
  for (const { end } of long) end();
  await Promise.all(running);
  expect(await asLongRequest("one", () => Promise.resolve("free again"))).toBe("free again");
});
