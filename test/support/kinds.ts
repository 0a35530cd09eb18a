import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What gives a test its database: a file that reaches it by imports needs PostgreSQL. */
const database = "test/support/database.ts";

/** What opens sockets: servers of the tests' own, and the sandboxes. */
const opensSockets = /\.listen\(|src\/sandbox\/|createServer/;

type Kind = "unit" | "wire" | "database";

/**
 * The test files by what they need: nothing but the processor, HTTP on this machine, or PostgreSQL. `test/system` starts
 * processes and is not among them.
 */
export function testsByKind(): Record<Kind, string[]> {
  const needsDatabase = reaching((path) => path === database || asksForServer(path));
  const needsSockets = reaching((path) => opensSockets.test(readFileSync(path, "utf8")));
  const kindOf = (path: string): Kind =>
    needsDatabase(path) ? "database" : needsSockets(path) ? "wire" : "unit";
  const paths = globSync("test/**/*.test.ts")
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("test/system/"))
    .toSorted();
  return { unit: [], wire: [], database: [], ...Object.groupBy(paths, kindOf) };
}

/** Whether a file, or one that it imports, is such a one. */
function reaching(isSuch: (path: string) => boolean): (path: string) => boolean {
  const known = new Map<string, boolean>();
  const reaches = (path: string): boolean => {
    const before = known.get(path);
    if (before !== undefined) return before;
    known.set(path, false);
    const found = isSuch(path) || testImports(path).some(reaches);
    known.set(path, found);
    return found;
  };
  return reaches;
}

const asksForServer = (path: string): boolean => readFileSync(path, "utf8").includes('inject("postgresUrl")');

const importLine = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+\.ts)"/g;

function testImports(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(importLine)]
    .map(([, to = ""]) => normalize(join(dirname(path), to)).replaceAll("\\", "/"))
    .filter((to) => to.startsWith("test/") && !to.endsWith(".d.ts"));
}
