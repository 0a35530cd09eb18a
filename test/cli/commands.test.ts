import { exec } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { expect, it } from "vitest";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

/** The commands of ours: the others pass what they are given to a tool. */
const commands = [
  "start",
  "sandbox",
  "campaign",
  "demo",
  "keys",
  "accounts",
  "trust",
  "secrets:rotate",
  "migrate",
  "rates:import",
  "receipts:reprocess",
  "bench",
  "torture",
  "torture:live",
  "docs",
  "schema",
];

/** As npm does it. */
function run(command: string, option: string): Promise<{ code: number; stdout: string; stderr: string }> {
  // oxlint-disable-next-line node/no-process-env
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  return new Promise((resolve) => {
    exec(`${scripts[command]} ${option}`, { env: { PATH } }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

it.each(commands)("npm run %s -- --help shows how it is used", async (command) => {
  const { code, stdout, stderr } = await run(command, "--help");
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/Usage: (?:npm|smsgraph)/);
});

it.each(commands)("npm run %s names an option that it does not know, and fails", async (command) => {
  const { code, stdout, stderr } = await run(command, "--no-such-option");
  expect([1, 2]).toContain(code);
  expect(stdout).toBe("");
  expect(stderr).toContain("--no-such-option");
  expect(stderr).not.toMatch(/\n +at /);
});

it.each([
  ["bench", "nonsense"],
  ["bench", "--rounds=many"],
  ["docs", "errors"],
  ["torture", "--minutes=many"],
])("npm run %s refuses %s without a stack", async (command, word) => {
  const { code, stdout, stderr } = await run(command, word);
  expect([1, 2]).toContain(code);
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/\n +at /);
});
