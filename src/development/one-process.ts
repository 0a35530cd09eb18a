import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes sure that one process at a time uses a data directory. What a killed process left behind does not count.
 * Returns how to let go.
 */
export async function claimDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, "process");
  const holder = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  if (Number.isInteger(holder) && holder !== process.pid && (await isSmsgraph(holder))) {
    throw new Error(
      `smsgraph runs already with the data in ${directory} (process ${holder}). ` +
        "Stop it first, or set DATA_DIR to another folder.",
    );
  }
  await writeFile(file, `${process.pid}\n`);
  return () => rm(file, { force: true });
}

async function isSmsgraph(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where the system tells, a stranger with a reused number is told apart.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return commandLine === undefined || commandLine.includes("main.ts");
}
