import { expect, it } from "vitest";
import { WakeUps } from "../../src/lib/wake-ups.ts";

const signal = (): AbortSignal => new AbortController().signal;

/** The names of the promises that have resolved. */
async function resolved(promises: Record<string, Promise<void>>): Promise<string[]> {
  const done: string[] = [];
  for (const [name, promise] of Object.entries(promises)) void promise.then(() => done.push(name));
  await new Promise((next) => setImmediate(next));
  return done;
}

it("a wake-up reaches all who wait for its key and nobody else", async () => {
  const wakeUps = new WakeUps<string>();
  const waiting = {
    first: wakeUps.next("a", signal()),
    second: wakeUps.next("a", signal()),
    other: wakeUps.next("b", signal()),
  };
  wakeUps.wake("a");
  expect(await resolved(waiting)).toEqual(["first", "second"]);
});

it("a wake-up for all reaches every key, and not those who begin to wait afterwards", async () => {
  const wakeUps = new WakeUps<string>();
  const [one, two] = [wakeUps.next("a", signal()), wakeUps.next("b", signal())];
  wakeUps.wakeAll();
  expect(await resolved({ one, two, later: wakeUps.next("a", signal()) })).toEqual(["one", "two"]);
});

it("an abort and the longest wait end waiting without a wake-up", async () => {
  const wakeUps = new WakeUps();
  const controller = new AbortController();
  const aborted = wakeUps.next(undefined, controller.signal);
  controller.abort();
  await expect(aborted).resolves.toBeUndefined();
  await expect(wakeUps.next(undefined, signal(), 1)).resolves.toBeUndefined();
});
