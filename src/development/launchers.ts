import { readFileSync } from "node:fs";

const lookEveryMs = 100;

/**
 * npm runs a script in a shell and passes signals on to that shell only. The shell usually ends without
 * telling us, and when npm is killed nobody is told. Calls `onEnded` when npm or its shell has ended, so that
 * we do not stay behind and keep the port and the data directory.
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

/** The parent process and, when that is npm's shell, the shell's parent. */
function launchers(): string {
  const { ppid } = process;
  const isShell = readProcess(ppid, "cmdline").includes("main.ts");
  return isShell ? `${ppid} ${parentOf(ppid)}` : String(ppid);
}

/** The fourth field of `stat`. The second one, the name, is in brackets and may contain anything. */
function parentOf(pid: number): string {
  const stat = readProcess(pid, "stat");
  return stat.slice(stat.lastIndexOf(")")).split(" ")[2] ?? "";
}

/** Empty on systems without /proc. */
function readProcess(pid: number, file: "cmdline" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
