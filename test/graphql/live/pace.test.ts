import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import type { WebSocket } from "ws";
import { Pace } from "../../../src/graphql/live/pace.ts";

/** Only what a pace uses of a socket. */
function fakeSocket() {
  const socket = {
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  return socket;
}

it("operations of one socket begin a few in a turn of the event loop, in their order, and others go on", async () => {
  const socket = fakeSocket();
  const pace = new Pace(socket as unknown as WebSocket);
  const begun: number[] = [];
  const all = Array.from({ length: 100 }, async (_, index) => {
    await pace.next();
    begun.push(index);
  });
  expect(socket.isPaused).toBe(true);
  const other = new Pace(fakeSocket() as unknown as WebSocket);
  expect(other.next()).toBeUndefined();
  await Promise.resolve();
  const counts = [begun.length];
  while (begun.length < 100) {
    await setImmediate();
    counts.push(begun.length - counts.reduce((sum, count) => sum + count, 0));
  }
  await Promise.all(all);
  expect(Math.max(...counts)).toBeLessThanOrEqual(8);
  expect(begun).toEqual(Array.from({ length: 100 }, (_, index) => index));
  await setImmediate();
  await setImmediate();
  expect(socket.isPaused).toBe(false);
});
