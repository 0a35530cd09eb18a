import { setTimeout as pause } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";
import { countOpen, countWaiting } from "./stored.ts";
import { judge, type Finding, type Scene } from "./verdict.ts";

/**
 * Providers are asked again after minutes and hours. These pass here by moving the clocks of all processes on, to so
 * many minutes after the storm; not so far that smsgraph gives up asking.
 */
const moments = [0, 2, 8, 25, 90, 240, 600, 1_200];
/** So long there must be nothing to do before it becomes later. */
const secondsPerMoment = 6;
/**
 * Providers are asked slowly, so there may be something to do for as long as something is unknown: when it does not
 * become less for so long, it becomes later anyway.
 */
const mostSecondsWithoutProgress = 60;
const secondsBetweenLooks = 2;

/** Waits until nothing is open any more, and gives the verdict. */
export async function settle(
  scene: Scene,
  fleet: Fleet,
  patienceSeconds: number,
  log: (line: string) => void,
): Promise<Finding[]> {
  const deadline = performance.now() + patienceSeconds * 1000;
  let [progressedAt, busyAt, least] = [performance.now(), performance.now(), Infinity];
  for (let moment = 0; ;) {
    await pause(secondsBetweenLooks * 1000);
    const now = performance.now();
    const isOver = now > deadline;
    const waiting = isOver ? 0 : await countWaiting(scene.database);
    if (waiting > 0) busyAt = now;
    const open = isOver ? 0 : waiting + (await countOpen(scene.database));
    if (open < least) [progressedAt, least] = [now, open];
    const isQuiet = now > Math.max(busyAt, progressedAt) + secondsPerMoment * 1000;
    if (!isOver && !isQuiet && now < progressedAt + mostSecondsWithoutProgress * 1000) continue;
    const findings = await judge(scene);
    const unkept = findings.filter(({ broken }) => broken.length > 0);
    const minutes = moments[++moment];
    // After the last moment nothing more can be expected.
    if (unkept.length === 0 || isOver || minutes === undefined) return findings;
    for (const { promise, broken } of unkept)
      log(`not yet: ${promise} (${broken.length}), as ${broken.slice(0, 3).join(", ")}`);
    fleet.moveClocks(minutes * 60_000);
    [progressedAt, busyAt, least] = [performance.now(), performance.now(), Infinity];
    log(`it is ${minutes} minutes later`);
  }
}
