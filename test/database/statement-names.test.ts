import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

// A connection prepares a statement once under its name, and refuses another text under it: only where both meet.
it("no two statements have the same name", () => {
  const names = globSync("src/**/*.ts").flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/name: "([a-z0-9_]+)",\s+(?:raw: true,\s+)?text:/g)].map(
      ([, name]) => name,
    ),
  );
  expect(names.length).toBeGreaterThan(200);
  expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
});
