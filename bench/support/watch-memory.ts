import { setTimeout as pause } from "node:timers/promises";
import type { ServerProcess } from "./server-process.ts";
import type { Closers } from "./server.ts";

const sampleEveryMs = 100;

/** Within this time an idle process gives back what it had for short-lived objects. */
const idleMs = 12_000;

/** What a process has resident from now on. It is left alone first, so that what it used before does not count. */
export async function watchMemory(
  server: ServerProcess,
  closers: Closers,
): Promise<{ most(): number; added(): number }> {
  await pause(idleMs);
  const before = server.residentBytes();
  let most = before;
  const sampler = setInterval(() => (most = Math.max(most, server.residentBytes())), sampleEveryMs);
  closers.push(() => clearInterval(sampler));
  return { most: () => most / 2 ** 20, added: () => (most - before) / 2 ** 20 };
}
