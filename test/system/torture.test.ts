import { expect, it } from "vitest";
import { RunningLog } from "../../torture/running-log.ts";
import { torture } from "../../torture/torture.ts";

/** The whole of it is `npm run torture`. */
it(
  "nothing is lost, sent twice or told wrongly in half a minute of every fault",
  { timeout: 1_500_000 },
  async () => {
    const result = await torture({
      seed: 20_261_129,
      seconds: 30,
      secondsBetweenFaults: 1,
      standstillSeconds: 6,
      hangSeconds: 5,
      singlesPerSecond: 8,
      secondsBetweenCampaigns: 5,
      mostRecipients: 100,
      clients: 8,
      patienceSeconds: 600,
    });
    // With what was left to do, for whoever looks for the cause.
    expect(
      result.findings.flatMap(({ promise, broken }) => broken.map((one) => `${promise}: ${one}`)),
      result.logs[0]?.slice(0, 10_000),
    ).toEqual([]);
    expect(result.messages).toBeGreaterThan(50);
    expect(result.faults.size).toBeGreaterThan(2);
  },
);

it.each([
  ["an event is missing", (ids: string[]) => ids.toSpliced(1500, 1)],
  ["an event comes twice", (ids: string[]) => ids.toSpliced(1500, 0, "1500")],
  ["two events change places", (ids: string[]) => ids.toSpliced(1500, 2, "1501", "1500")],
])("the torture notices when %s", (_what, change) => {
  const ids = Array.from({ length: 3000 }, (_, index) => String(index));
  const [log, other] = [new RunningLog(), new RunningLog()];
  for (const id of ids) log.add(id);
  for (const id of change(ids)) other.add(id);
  expect(other.hash).not.toBe(log.hash);
  expect(other.agreesUntil(log)).toBe(1000);
});
