import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8 grows back to this size within milliseconds when it is needed. */
const smallBytes = 4 * 1024 * 1024;

/**
 * Returns memory that V8 reserved for short-lived objects. Under load this is up to 64 MB. V8 would release
 * it in the next collection, but an idle process has none, so we ask for one while there is something to
 * release. It takes a millisecond or two, because almost nothing is alive there. Under load V8 keeps the
 * space and collects many times a second anyway.
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
