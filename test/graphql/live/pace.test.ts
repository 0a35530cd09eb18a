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
  return socket as typeof socket & WebSocket;
}

/** Takes turns of the event loop until all have begun, and gives how many began in each. */
async function turnsOf(begun: readonly unknown[], all: number): Promise<number[]> {
  const counts = [begun.length];
  while (begun.length < all) {
    const before = begun.length;
    await setImmediate();
    counts.push(begun.length - before);
  }
  return counts;
}

it("operations of one socket begin a few in a turn of the event loop, in their order, and others go on", async () => {
  const socket = fakeSocket();
  const pace = new Pace();
  const begun: number[] = [];
  const all = Array.from({ length: 100 }, async (_, index) => {
    await pace.next(socket);
    begun.push(index);
  });
  expect(socket.isPaused).toBe(true);
  expect(new Pace().next(fakeSocket())).toBeUndefined();
  await Promise.resolve();
  const counts = await turnsOf(begun, 100);
  await Promise.all(all);
  expect(Math.max(...counts)).toBeLessThanOrEqual(8);
  expect(begun).toEqual(Array.from({ length: 100 }, (_, index) => index));
  await setImmediate();
  await setImmediate();
  expect(socket.isPaused).toBe(false);
});

it("many sockets of one holder share its turns, and each has its own", async () => {
  const pace = new Pace();
  const begun: string[] = [];
  const send = async (socket: WebSocket, name: string) => {
    await pace.next(socket);
    begun.push(name);
  };
  const greedy = Array.from({ length: 20 }, fakeSocket);
  for (let n = 0; n < 50; n++) for (const socket of greedy) void send(socket, "greedy");
  void send(fakeSocket(), "modest");
  await Promise.resolve();
  const counts = await turnsOf(begun, 1001);
  expect(Math.max(...counts)).toBeLessThanOrEqual(8);
  expect(begun.indexOf("modest")).toBeLessThan(50);
});

it("sockets of one holder that send much are read one in a turn, those that send little together", async () => {
  const pace = new Pace();
  const sockets = Array.from({ length: 10 }, fakeSocket);
  const paused = () => sockets.filter(({ isPaused }) => isPaused).length;
  for (const socket of sockets) pace.read(socket, 64 * 1024);
  expect(paused()).toBe(10);
  await setImmediate();
  await setImmediate();
  expect(paused()).toBeGreaterThanOrEqual(6);
  await expect.poll(paused).toBe(0);
  pace.read(fakeSocket(), 64 * 1024);
  for (const socket of sockets) pace.read(socket, 100);
  expect(paused()).toBe(10);
  await setImmediate();
  await setImmediate();
  expect(paused()).toBe(0);
});

/** How many turns of the event loop twelve operations take of which each is busy for two milliseconds. */
async function turnsOfBusy(isShared: boolean): Promise<number> {
  const pace = new Pace(undefined, () => isShared);
  const socket = fakeSocket();
  const begun: number[] = [];
  const operation = async (index: number): Promise<void> => {
    await pace.next(socket);
    const until = performance.now() + 2;
    while (performance.now() < until) continue;
    begun.push(index);
  };
  const all = Promise.all(Array.from({ length: 12 }, (_, index) => operation(index)));
  const turns = await turnsOf(begun, 12);
  await all;
  return turns.length;
}

it("while another account asks, a holder rests after what took long", async () => {
  expect(await turnsOfBusy(false)).toBeLessThan(20);
  expect(await turnsOfBusy(true)).toBeGreaterThan(20);
});

it("a socket that has ended is not read again, and what waited of it does not begin", async () => {
  let isIdle = false;
  const pace = new Pace(() => (isIdle = true));
  const socket = fakeSocket();
  const begun: number[] = [];
  for (let n = 0; n < 100; n++) void Promise.resolve(pace.next(socket)).then(() => begun.push(n));
  pace.leave(socket);
  await expect.poll(() => isIdle).toBe(true);
  expect(begun).toHaveLength(2);
  expect(socket.isPaused).toBe(true);
});
