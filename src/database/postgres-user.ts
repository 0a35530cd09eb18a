import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";

/** How to start a PostgreSQL program. PostgreSQL refuses to run as root. */
export interface Launcher {
  command(command: [string, ...string[]]): [string, ...string[]];
  /** Options for spawn. */
  identity: { uid?: number; gid?: number };
  /** Who must own the data folder; absent when it is the current user. */
  owner?: { uid: number; gid: number };
}

/**
 * Under root, PostgreSQL runs as the owner of its data folder, otherwise as `postgres` or `nobody`. If that
 * user cannot enter the folder or run the program (in a project below `/root`, say), it keeps root's right to
 * pass through folders, and no other right.
 */
export function unprivileged(data: string, program: string): Launcher {
  if (process.getuid?.() !== 0) return { command: (command) => command, identity: {} };
  const paths = [data, program];
  const owner = ownerOf(data) ?? lookUpUser("postgres") ?? lookUpUser("nobody") ?? { uid: 65534, gid: 65534 };
  if (paths.every((path) => isReachable(path))) {
    return { command: (command) => command, identity: owner, owner };
  }
  if (spawnSync("setpriv", ["--version"]).status !== 0) {
    throw new Error(
      `PostgreSQL may not run as root, and other users cannot enter ${paths.find((path) => !isReachable(path))}. ` +
        "Move the project to a folder everyone may enter, run as another user, or set DATABASE_URL.",
    );
  }
  const capabilities = "+dac_override,+dac_read_search";
  const wrap = ["setpriv", `--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups"] as const;
  // Without ambient capabilities, the kernel ignores these rights when a program checks whether it may run
  // another one (access(2)).
  const keep = [
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    "--securebits=+no_setuid_fixup",
  ];
  return { command: (command) => [...wrap, ...keep, ...command], identity: {}, owner };
}

/** Undefined when the folder does not exist or belongs to root. */
function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  const { uid = 0, gid = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {};
  return uid === 0 ? undefined : { uid, gid };
}

function lookUpUser(name: string): { uid: number; gid: number } | undefined {
  const uid = spawnSync("id", ["-u", name], { encoding: "utf8" });
  const gid = spawnSync("id", ["-g", name], { encoding: "utf8" });
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Whether other users may pass through every folder above `path`. */
function isReachable(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
