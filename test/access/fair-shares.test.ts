import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Viewer } from "../../src/access/api-keys.ts";
import { FairShares, type Leave, type Load, type OperationLimits } from "../../src/access/fair-shares.ts";
import { viewerOf } from "../support/viewer.ts";

const share = { queries: 4, mutations: 8, cost: 100, waiting: 6, waitingCost: 300 };
const limits: OperationLimits = {
  socket: { ...share, queries: 2 },
  key: { ...share, queries: 3 },
  account: share,
  maxWaitMs: 2_000,
};

const small: Load = { kind: "queries", cost: 1 };

const viewer = (accountId: string, keyId = "key"): Viewer => viewerOf({ accountId, keyId });

let shares: FairShares;

beforeEach(() => {
  vi.useFakeTimers();
  shares = new FairShares(limits);
});

afterEach(() => {
  vi.useRealTimers();
});

/** The operations that were let in at once, as how to leave, and those that wait. */
function enter(count: number, who: Viewer, socket?: object, load = small) {
  const places = Array.from({ length: count }, () => shares.enter({ viewer: who, socket }, load));
  const running = places.filter((place): place is Leave => typeof place === "function");
  const waiting = places.filter((place) => typeof place !== "function");
  return { running, waiting };
}

const refusal = (scope: string): object => ({ code: "TOO_MANY_REQUESTS", scope, retryAfterSeconds: 2 });

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

describe("large operations of one account", () => {
  const large: Load = { kind: "queries", cost: 2_000 };
  const busy = viewer("busy");

  /** Runs one operation after another for a second, each for 20 ms. */
  async function runOneAfterAnother(): Promise<number> {
    let done = 0;
    const end = performance.now() + 1_000;
    const run = async (): Promise<void> => {
      while (performance.now() < end) {
        const leave = await shares.enter({ viewer: busy, socket: undefined }, large);
        await new Promise((resolve) => void setTimeout(resolve, 20));
        leave();
        done++;
      }
    };
    const running = run();
    await vi.advanceTimersByTimeAsync(1_100);
    await running;
    return done;
  }

  it("large operations run without a pause while no other account asks", async () => {
    expect(await runOneAfterAnother()).toBe(50);
  });

  it("large operations leave half of the time to another account that asks, and not more", async () => {
    enter(1, viewer("other"));
    const done = await runOneAfterAnother();
    expect(done).toBeGreaterThanOrEqual(25);
    expect(done).toBeLessThan(30);
  });

  it("large operations of an account run one at a time while another account asks", () => {
    shares = new FairShares();
    expect(enter(2, busy, undefined, large).running).toHaveLength(2);
    const { running, waiting } = enter(2, viewer("other"), undefined, large);
    expect([running.length, waiting.length]).toEqual([1, 1]);
  });

  it("small operations of an account begin while its large ones rest", async () => {
    enter(1, viewer("other"));
    for (const leave of enter(1, busy, undefined, large).running) {
      await vi.advanceTimersByTimeAsync(20);
      leave();
    }
    expect(enter(1, busy, undefined, large).waiting).toHaveLength(1);
    expect(enter(1, busy).running).toHaveLength(1);
  });
});

describe("operations under way", () => {
  it.each([
    ["socket", 2, () => ({ who: viewer("a"), socket: {} })],
    ["key", 3, () => ({ who: viewer("a"), socket: undefined })],
  ])("no more operations run than the share of their %s, and the others wait", (_what, most, caller) => {
    const { who, socket } = caller();
    const { running, waiting } = enter(5, who, socket);
    expect([running.length, waiting.length]).toEqual([most, 5 - most]);
  });

  it("keys of one account together run at most its share, and another account's operations run at once", () => {
    expect(enter(3, viewer("a", "one")).running).toHaveLength(3);
    expect(enter(3, viewer("a", "two")).running).toHaveLength(1);
    expect(enter(3, viewer("b")).running).toHaveLength(3);
  });

  it("queries and mutations do not use up each other's share", () => {
    enter(3, viewer("a"));
    expect(enter(3, viewer("a"), undefined, { kind: "mutations", cost: 1 }).running).toHaveLength(3);
  });

  it("running operations cost at most the share together, and a more expensive one runs alone", async () => {
    const { running, waiting } = enter(2, viewer("a"), undefined, { kind: "queries", cost: 60 });
    expect([running.length, waiting.length]).toEqual([1, 1]);
    running[0]?.();
    const leave = await waiting[0];
    leave?.();
    expect(enter(1, viewer("a"), undefined, { kind: "queries", cost: 100_000 }).running).toHaveLength(1);
    expect(enter(1, viewer("a")).running).toHaveLength(0);
  });

  it("an operation that ends gives its place once to the one that has waited longest", async () => {
    const { running, waiting } = enter(5, viewer("a"));
    const order: number[] = [];
    const entered = waiting.map(async (place, index) => (await place, order.push(index)));
    running[0]?.();
    running[0]?.();
    await entered[0];
    expect(order).toEqual([0]);
    running[1]?.();
    await entered[1];
    expect(order).toEqual([0, 1]);
  });

  it("a full socket does not delay other sockets of the account", () => {
    const who = viewer("a");
    expect(enter(4, who, {}).running).toHaveLength(2);
    const { running, waiting } = enter(1, who, {});
    expect(running.length + waiting.length).toBe(1);
    expect(shares.accounts).toBe(1);
  });

  it("nothing is kept when all operations have ended", () => {
    for (const leave of enter(2, viewer("a"), {}).running) leave();
    for (const leave of enter(3, viewer("b")).running) leave();
    expect(shares.accounts).toBe(0);
  });
});

describe("what is over the share", () => {
  it("an operation that waits too long is refused with a retry time and leaves the queue", async () => {
    const { running, waiting } = enter(4, viewer("a"));
    const outcome = Promise.allSettled(waiting);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await outcome).toMatchObject([{ reason: refusal("KEY") }]);
    running[0]?.();
    expect(enter(1, viewer("a")).running).toHaveLength(1);
  });

  it("an operation is refused at once when too many wait, or when they cost too much", () => {
    const who = viewer("a");
    const { waiting } = enter(3 + 6, who);
    for (const place of waiting) void Promise.resolve(place).catch(() => undefined);
    expect(thrownBy(() => shares.enter({ viewer: who, socket: undefined }, small))).toMatchObject(
      refusal("KEY"),
    );
    const other = viewer("b");
    const heavy: Load = { kind: "queries", cost: 100 };
    for (const place of enter(1 + 3, other, undefined, heavy).waiting)
      void Promise.resolve(place).catch(() => undefined);
    expect(thrownBy(() => shares.enter({ viewer: other, socket: undefined }, heavy))).toMatchObject(
      refusal("KEY"),
    );
    expect(enter(1, viewer("c")).running).toHaveLength(1);
  });
});
