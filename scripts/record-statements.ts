import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyOf, type RecordedStatement } from "./statement-recorder.ts";

/**
 * `npm run statements`, at a release: runs the tests that use a database, and keeps every statement that smsgraph sent with
 * sample parameters. The next version's tests run them on its own schema: processes of both versions work side by side
 * while a new one is rolled out.
 */
const output = fileURLToPath(new URL("../test/fixtures/statements.json", import.meta.url));
const recorder = new URL("statement-recorder.ts", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "smsgraph-statements-"));
const chosen = process.argv.slice(2);

spawnSync("node_modules/.bin/vitest", ["run", "--project", "database", ...chosen], {
  stdio: "inherit",
  // oxlint-disable-next-line node/no-process-env
  env: { ...process.env, NODE_OPTIONS: `--import=${recorder}`, RECORD_STATEMENTS: folder },
});

const smallest = new Map<string, RecordedStatement>();
for (const file of readdirSync(folder)) {
  for (const line of readFileSync(join(folder, file), "utf8").trim().split("\n")) {
    const statement = JSON.parse(line) as RecordedStatement;
    const known = smallest.get(keyOf(statement));
    if (!known || sizeOf(statement) < sizeOf(known)) smallest.set(keyOf(statement), statement);
  }
}
rmSync(folder, { recursive: true });
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const migrations = readdirSync("prisma/migrations").filter((name) => /^\d/.test(name));
const statements = [...smallest]
  .toSorted(([one], [other]) => (one < other ? -1 : 1))
  .map(([, statement]) => statement);
writeFileSync(output, `${JSON.stringify({ version, migrations, statements }, null, 1)}\n`);
process.stdout.write(`${statements.length} statements of ${version} in ${output}\n`);

function sizeOf({ values }: RecordedStatement): number {
  return JSON.stringify(values).length;
}
