import type { Stats } from "node:fs";

/** What is there instead of a regular file; undefined when it is one. Reading a pipe may wait for ever. */
export function otherThanFile(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return "a directory";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}
