import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What gives a test its database: a file that reaches it by imports needs PostgreSQL. */
const database = "test/support/database.ts";

/** The test files that run without PostgreSQL. `test/system` starts processes and is never among them. */
export function unitTests(): string[] {
  const reaches = new Map<string, boolean>();
  const needsDatabase = (path: string): boolean => {
    if (path === database) return true;
    const known = reaches.get(path);
    if (known !== undefined) return known;
    reaches.set(path, false);
    const needs = testImports(path).some(needsDatabase) || asksForServer(path);
    reaches.set(path, needs);
    return needs;
  };
  return globSync("test/**/*.test.ts")
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("test/system/") && !needsDatabase(path))
    .toSorted();
}

const asksForServer = (path: string): boolean => readFileSync(path, "utf8").includes('inject("postgresUrl")');

const importLine = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+\.ts)"/g;

function testImports(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(importLine)]
    .map(([, to = ""]) => normalize(join(dirname(path), to)).replaceAll("\\", "/"))
    .filter((to) => to.startsWith("test/") && !to.endsWith(".d.ts"));
}
