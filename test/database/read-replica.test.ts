import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Database } from "../../src/database/database.ts";
import { ReadReplica } from "../../src/database/read-replica.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

it("a query with a cursor waits no longer for a replica that hangs than a look at it does", async () => {
  const changes: string[] = [];
  const replica = new ReadReplica({
    url: "postgresql://127.0.0.1:1/nowhere",
    poolSize: 1,
    primary: undefined as unknown as Database,
    onChange: (change) => void changes.push(change),
  });
  vi.spyOn(replica.database, "query").mockReturnValue(Promise.withResolvers<never>().promise);
  const covered = replica.covers(1n);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await Promise.race([covered, nextTurn("waits")])).toBe(false);
  expect(changes).toEqual([expect.stringContaining("no answer in time")]);
  await replica.close();
});
