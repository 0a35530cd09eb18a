import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Client } from "pg";

/** The process that PostgreSQL's others are children of. */
export async function postmasterOf(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const parent = execFileSync("ps", ["-o", "ppid=", "-p", String(rows[0]?.pid)], { encoding: "utf8" });
  await client.end();
  return Number(parent);
}

/** Seconds of processor time that PostgreSQL, all of its processes, has had meanwhile. */
export async function spent(postmaster: number, work: () => Promise<unknown>): Promise<number> {
  const before = processorSeconds(postmaster);
  await work();
  return processorSeconds(postmaster) - before;
}

const ticksPerSecond = 100;

/** Of a process with all its children, those that have ended, too. */
export function processorSeconds(parent: number): number {
  const printed = execFileSync("sh", ["-c", `ps -o pid= --ppid ${parent} || true`], { encoding: "utf8" });
  const children = printed.split(/\s+/).filter(Boolean).map(Number);
  // Of those that have ended, the parent has the sum.
  const ticks = [
    ...times(parent).slice(2, 4),
    ...[parent, ...children].flatMap((pid) => times(pid).slice(0, 2)),
  ];
  return ticks.reduce((sum, time) => sum + time, 0) / ticksPerSecond;
}

/** Of a process: in user mode, in the kernel, and both for its ended children. */
function times(pid: number): number[] {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields.slice(11, 15).map(Number);
  } catch {
    return [];
  }
}
