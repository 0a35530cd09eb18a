import { setTimeout as pause } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";
import { countUnsent, countWaiting } from "./stored.ts";
import { judge, type Finding, type Scene } from "./verdict.ts";

/**
 * Providers are asked again after minutes and hours. These pass here by moving the clocks of all processes on, to so
 * many minutes after the storm; not so far that smsgraph gives up asking.
 */
const moments = [0, 2, 8, 25, 90, 240, 600, 1_200];
/** So long there must be nothing to do before it becomes later. */
const secondsPerMoment = 6;
/** Providers are asked slowly, so there may be something to do for as long as something is unknown: then it becomes later anyway. */
const mostSecondsPerMoment = 60;
/**
 * And so long where messages are still to be sent: a provider whose clock is as far behind as that of smsgraph is moved
 * on lists them at times at which nobody sent them.
 */
const mostSecondsToSend = 240;
const secondsBetweenLooks = 2;

/** Waits until nothing is open any more, and gives the verdict. */
export async function settle(
  scene: Scene,
  fleet: Fleet,
  patienceSeconds: number,
  log: (line: string) => void,
): Promise<Finding[]> {
  const deadline = performance.now() + patienceSeconds * 1000;
  let [movedAt, busyAt] = [performance.now(), performance.now()];
  for (let moment = 0; ;) {
    await pause(secondsBetweenLooks * 1000);
    const now = performance.now();
    const isOver = now > deadline;
    if (!isOver && (await countWaiting(scene.database)) > 0) busyAt = now;
    const isQuiet = now > busyAt + secondsPerMoment * 1000;
    const isLast = moment === moments.length - 1;
    const isLong = isLast || (await countUnsent(scene.database)) > 0;
    const mostSeconds = isLong ? mostSecondsToSend : mostSecondsPerMoment;
    if (!isOver && !isQuiet && now < movedAt + mostSeconds * 1000) continue;
    const findings = await judge(scene);
    const open = findings.filter(({ broken }) => broken.length > 0);
    const minutes = moments[++moment];
    // After the last moment nothing more can be expected.
    if (open.length === 0 || isOver || minutes === undefined) return findings;
    for (const { promise, broken } of open)
      log(`not yet: ${promise} (${broken.length}), as ${broken.slice(0, 3).join(", ")}`);
    fleet.moveClocks(minutes * 60_000);
    movedAt = busyAt = performance.now();
    log(`it is ${minutes} minutes later`);
  }
}
