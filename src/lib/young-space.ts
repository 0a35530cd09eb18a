import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What V8 grows back to within milliseconds when there is something to do. */
const smallBytes = 4 * 1024 * 1024;

/**
 * Gives back what V8 has taken for objects of a moment. It takes up to 64 MB while much is done, and would give them
 * back in the first collection after that; but where little is done there is none. So we ask for one while there is
 * something to give back. It takes a millisecond or two: next to nothing lives there. Under load V8 keeps the space,
 * and has many collections a second anyway.
 */
export function keepYoungSpaceSmall({ lookEveryMs = 5_000 } = {}): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  const look = (): void => {
    if (youngBytes() > smallBytes) collect({ type: "minor" });
  };
  setInterval(look, lookEveryMs).unref();
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "new_space")?.space_size ?? 0;
}
