import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8 grows back to this size within milliseconds when it is needed. */
const smallBytes = 4 * 1024 * 1024;

/** A process with less of a processor than this is idle. */
const idleShare = 0.02;
/** So much more than after the last whole collection is worth another. */
const worthwhile = 1.2;

/**
 * Returns memory that V8 reserved for work that has ended: an idle process has no collections in which V8 would do it.
 * The space for short-lived objects is up to 64 MB under load, and a collection of it takes a millisecond or two, because almost
 * nothing is alive there. A whole collection takes a tenth of a second, so it comes when the process has become idle, and
 * again when old objects have needed a fifth more: it returns 80 MB after a start.
 */
export function returnIdleMemory({ lookEveryMs = 5_000 } = {}): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  let used = process.cpuUsage();
  let leastOld = 0;
  const look = (): void => {
    const { user, system } = process.cpuUsage(used);
    const isIdle = (user + system) / 1_000 < idleShare * lookEveryMs;
    if (isIdle && oldBytes() > worthwhile * leastOld) {
      collect({ type: "major", execution: "sync", flavor: "last-resort" });
      leastOld = oldBytes();
    } else if (youngBytes() > smallBytes) collect({ type: "minor" });
    used = process.cpuUsage();
  };
  setInterval(look, lookEveryMs).unref();
}

/** Reserved for all other objects. */
const oldBytes = (): number => getHeapStatistics().total_heap_size - youngBytes();

function youngBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "new_space")?.space_size ?? 0;
}
