import { expect, it } from "vitest";
import { tortureLiveTier } from "../../torture/live-tier.ts";
import { hasNatsServer } from "../support/has-nats-server.ts";

/** The whole of it is `npm run torture:live`. */
it.runIf(hasNatsServer)(
  "every client's log is the table while NATS servers, the relay, API processes and PostgreSQL die",
  { timeout: 900_000 },
  async () => {
    const result = await tortureLiveTier({
      seed: 20_261_130,
      events: 3_000,
      eventsPerSecond: 200,
      clients: 20,
      awaySeconds: 4,
      secondsBetweenFaults: 1,
      patienceSeconds: 300,
    });
    expect(
      result.findings.flatMap(({ promise, broken }) => broken.map((one) => `${promise}: ${one}`)),
    ).toEqual([]);
    expect(result.findings[0]?.checked).toBeGreaterThanOrEqual(3_000 * 20);
    expect(result.faults.size).toBe(5);
  },
);
