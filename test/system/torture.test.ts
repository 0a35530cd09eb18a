import { expect, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { RunningLog } from "../support/torture/running-log.ts";
import { torture } from "../support/torture/torture.ts";

/** The whole of it is `npm run bench torture`. */
it(
  "every client gets the whole log through cut connections and killed servers",
  { timeout: 300_000 },
  async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const result = await torture({
      databaseUrl: database.url,
      events: 2000,
      clients: 10,
      sessionSeconds: 0.5,
      secondsBetweenKills: 0.5,
      kills: 2,
      patienceSeconds: 45,
    });
    expect(result.differences).toEqual([]);
    expect(result.events).toBeGreaterThanOrEqual(2000);
    expect(result.deliveries).toBeGreaterThanOrEqual(10 * 2000);
    expect(result.kills).toBe(2);
    expect(result.sessions).toBeGreaterThan(20);
  },
);

it.each([
  ["an event is missing", (ids: string[]) => ids.toSpliced(1500, 1)],
  ["an event comes twice", (ids: string[]) => ids.toSpliced(1500, 0, "1500")],
  ["two events change places", (ids: string[]) => ids.toSpliced(1500, 2, "1501", "1500")],
])("the torture test notices when %s", (_what, change) => {
  const ids = Array.from({ length: 3000 }, (_, index) => String(index));
  const [log, other] = [new RunningLog(), new RunningLog()];
  for (const id of ids) log.add(id);
  for (const id of change(ids)) other.add(id);
  expect(other.hash).not.toBe(log.hash);
  expect(other.agreesUntil(log)).toBe(1000);
});
