import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const rows = new Map(
  readFileSync("docs/dependencies.md", "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name = "", ...cells]) => [name.replaceAll("`", ""), cells.slice(0, -1)]),
);

const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
  string,
  Record<string, string>
>;

it("docs/dependencies.md says of each package in production why it is there, who keeps it, and what replaces it", () => {
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  const unexplained = names.filter((name) => {
    const cells = rows.get(name);
    return cells?.length !== 4 || cells.includes("");
  });
  expect(unexplained).toEqual([]);
  const gone = [...rows.keys()].filter(
    (name) => /^[@a-z]/.test(name) && name !== "package" && !names.includes(name),
  );
  expect(gone).toEqual([]);
});
