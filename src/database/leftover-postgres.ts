import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const patienceSeconds = 30;

/** A server that outlived its killed parent still owns the data folder: it is asked to stop first. */
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
 * The pid in `postmaster.pid`, if that process is the server of this folder. The number may be anyone's, also
 * another PostgreSQL's, or that of a killed server whose end nobody has taken note of, as in many containers, and
 * PostgreSQL would believe it: then ours is put there, which it knows for its parent's. The rest of the file
 * stays, since it shows whether sessions of the old server live.
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

/** The data folder that a process was started with as a PostgreSQL server; undefined for any other program. */
function dataFolderOf(pid: number): string | undefined {
  const listed = readText(`/proc/${pid}/cmdline`);
  const words = listed === "" ? askSystem(pid).split(" ") : listed.split("\0");
  if (!basename(words[0] ?? "").startsWith("postgres")) return undefined;
  return words[words.indexOf("-D") + 1 || words.length];
}

const askSystem = (pid: number): string =>
  spawnSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";

/** A folder that is not there any more was moved under its server: to here, since here is its `postmaster.pid`. */
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
