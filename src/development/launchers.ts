import { readFileSync } from "node:fs";

const lookEveryMs = 100;

/**
 * npm runs a script in a shell. It passes a signal on to that shell only, which mostly ends without telling us,
 * and when npm is killed it tells nobody. Calls `onEnded` when npm or its shell has ended, so that we do not stay
 * behind with the port and the data directory.
 */
export function watchLaunchers(onEnded: () => void): void {
  const started = launchers();
  const timer = setInterval(() => {
    if (launchers() === started) return;
    clearInterval(timer);
    onEnded();
  }, lookEveryMs);
  timer.unref();
}

/** Our parent and, where that is npm's shell, the shell's. */
function launchers(): string {
  const { ppid } = process;
  const isShell = readProcess(ppid, "cmdline").includes("main.ts");
  return isShell ? `${ppid} ${parentOf(ppid)}` : String(ppid);
}

/** The fourth field of `stat`; the second, the name, is in brackets and may contain anything. */
function parentOf(pid: number): string {
  const stat = readProcess(pid, "stat");
  return stat.slice(stat.lastIndexOf(")")).split(" ")[2] ?? "";
}

/** Empty where the system has no such files. */
function readProcess(pid: number, file: "cmdline" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
