import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Closers } from "./server.ts";

/** What a peer's process is told at its start. */
export type PeerOrder = { kind: "yoga" } | { kind: "postgraphile"; databaseUrl: string; modules: string };

const version = "5.1.5";
const modules = join(import.meta.dirname, `../../node_modules/.cache/bench/postgraphile-${version}`);

/** Plain Yoga that answers a constant: what a GraphQL server costs that does nothing. Gives its address. */
export const startYoga = (closers: Closers): Promise<string> => startPeer({ kind: "yoga" }, closers);

/** PostGraphile on the same PostgreSQL and the same tables. Installed when it is asked for, never by `npm ci`. */
export async function startPostGraphile(
  databaseUrl: string,
  closers: Closers,
  progress: (line: string) => void,
): Promise<string> {
  await install(progress);
  return startPeer({ kind: "postgraphile", databaseUrl, modules }, closers);
}

async function startPeer(order: PeerOrder, closers: Closers): Promise<string> {
  const child = fork(join(import.meta.dirname, "peer-process.ts"), {
    env: { NODE_ENV: "production", GRAPHILE_ENV: "production" },
  });
  closers.push(() => child.kill());
  child.send(order);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`The peer's process ended with ${code}`);
  });
  ended.catch(() => undefined);
  const [port] = (await Promise.race([once(child, "message"), ended])) as [number];
  return `http://127.0.0.1:${port}/graphql`;
}

async function install(progress: (line: string) => void): Promise<void> {
  const done = join(modules, "installed");
  const isThere = await access(done).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  progress(`installing postgraphile ${version}, once`);
  await mkdir(modules, { recursive: true });
  await writeFile(join(modules, "package.json"), '{ "private": true }\n');
  const options = ["--save-exact", "--no-audit", "--no-fund", "--ignore-scripts"];
  await promisify(execFile)("npm", ["install", ...options, `postgraphile@${version}`], {
    cwd: modules,
    shell: process.platform === "win32",
  });
  await writeFile(done, "");
}
