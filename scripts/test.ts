import { spawnSync } from "node:child_process";
import { startVitest } from "vitest/node";

/**
 * `npm test`: formatting, lint, types, then every test. Ends with one line that counts the tests. Arguments
 * choose test files (`npm test -- scenarios`); then only the tests run.
 */
const isWindows = process.platform === "win32";
const chosen = process.argv.slice(2);
const checks = [
  { name: "formatting", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "types of the client package", command: ["tsc", "--noEmit", "-p", "packages/client"] },
  { name: "types of the example page", command: ["tsc", "--noEmit", "-p", "examples/react"] },
  { name: "types of the console", command: ["tsc", "--noEmit", "-p", "console"] },
] as const;

if (chosen.includes("--help")) {
  process.stdout.write("Usage: npm test [-- <part of a test file's name> ...]\n");
} else {
  const failedChecks = chosen.length > 0 ? 0 : runChecks();
  const counts = await runTests(chosen);
  process.stdout.write(`${counts.passed} passed, ${counts.failed + failedChecks} failed\n`);
  process.exit(counts.failed + failedChecks === 0 ? 0 : 1);
}

function runChecks(): number {
  let failed = 0;
  for (const { name, command } of checks) {
    const [program, ...rest] = command;
    process.stdout.write(`${name} … `);
    const result = spawnSync(`node_modules/.bin/${program}`, rest, { encoding: "utf8", shell: isWindows });
    process.stdout.write(result.status === 0 ? "ok\n" : `failed\n${result.stdout}${result.stderr}\n`);
    if (result.status !== 0) failed++;
  }
  return failed;
}

async function runTests(filters: string[]): Promise<{ passed: number; failed: number }> {
  const vitest = await startVitest("test", filters, { watch: false });
  await vitest.close();
  const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
  const passed = tests.filter((test) => test.result().state === "passed").length;
  const broken = vitest.state.getTestModules().filter((module) => module.errors().length > 0).length;
  const failed = tests.filter((test) => test.result().state === "failed").length + broken;
  const unhandled = vitest.state.getUnhandledErrors().length;
  return { passed, failed: failed + unhandled };
}
