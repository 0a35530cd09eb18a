import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const patienceSeconds = 30;

/** Stops a server that outlived its killed parent, because it still owns the data folder. */
export async function stopLeftover(data: string): Promise<void> {
  const pid = await leftoverPid(data);
  if (pid === undefined) return;
  process.kill(pid, "SIGINT");
  const deadline = Date.now() + patienceSeconds * 1000;
  while ((await leftoverPid(data)) !== undefined) {
    if (Date.now() > deadline) {
      throw new Error(`A PostgreSQL server (process ${pid}) still uses ${data}. Stop it and start again.`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

/**
 * The pid in `postmaster.pid`, if that process is the server of this folder. The number may now belong to
 * another process, to another PostgreSQL, or to a killed server that nobody has reaped, as happens in
 * containers. PostgreSQL would think that its server still runs. In these cases our own pid is written there,
 * because PostgreSQL ignores the pid of its parent. The rest of the file stays: it shows whether sessions of
 * the old server are alive.
 */
async function leftoverPid(data: string): Promise<number | undefined> {
  const file = join(data, "postmaster.pid");
  const content = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(content, 10);
  if (!Number.isInteger(pid) || pid <= 1 || !exists(pid)) return undefined;
  const folder = dataFolderOf(pid);
  if (folder !== undefined && (await isSameFolder(folder, data))) return pid;
  await writeFile(file, content.replace(/^\d+/, String(process.pid)));
  return undefined;
}

/** The data folder of a running PostgreSQL server process; undefined for any other program. */
function dataFolderOf(pid: number): string | undefined {
  const listed = readText(`/proc/${pid}/cmdline`);
  const words = listed === "" ? askSystem(pid).split(" ") : listed.split("\0");
  if (!basename(words[0] ?? "").startsWith("postgres")) return undefined;
  return words[words.indexOf("-D") + 1 || words.length];
}

const askSystem = (pid: number): string =>
  spawnSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";

/**
 * A named folder that no longer exists was moved while its server ran. It was moved here, since its
 * `postmaster.pid` is here.
 */
async function isSameFolder(named: string, data: string): Promise<boolean> {
  const real = await realpath(named).catch(() => undefined);
  return real === undefined || real === (await realpath(data));
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
