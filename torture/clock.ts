import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Loaded into a process of smsgraph before its own code (`--import`). At SIGUSR2 its wall clock jumps by the
 * milliseconds in the file CLOCK_FILE, as after a step of NTP or in a resumed virtual machine: `Date` jumps, timers do
 * not. PostgreSQL's clock, which is the system's own, cannot be moved without moving everyone's.
 */
function letClockJump(file: string): void {
  const realNow = Date.now.bind(Date);
  let offset = 0;
  process.on("SIGUSR2", () => {
    offset = Number(readFileSync(file, "utf8"));
  });
  const now = (): number => realNow() + offset;
  Date.now = now;
  globalThis.Date = new Proxy(Date, {
    construct: (target, values) =>
      (values.length === 0 ? new target(now()) : Reflect.construct(target, values)) as Date,
    apply: () => new Date(now()).toString(),
  });
}

// oxlint-disable-next-line node/no-process-env
const { CLOCK_FILE } = process.env;
if (CLOCK_FILE !== undefined) letClockJump(CLOCK_FILE);

/** What a process needs in its environment so that its clock can jump. */
export const clockVariables = (file: string): Record<string, string> => ({
  NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}`,
  CLOCK_FILE: file,
});

export function jump(file: string, pid: number, milliseconds: number): void {
  writeFileSync(file, String(milliseconds));
  try {
    process.kill(pid, "SIGUSR2");
  } catch {
    // It has just ended, and begins again with the right time.
  }
}
