import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { createEmptyDatabase } from "../support/database.ts";

const run = promisify(execFile);

it("the command migrate brings an empty database up to date, and one that is leaves as it is", async () => {
  const database = await createEmptyDatabase();
  onTestFinished(() => database.drop());
  for (let turn = 1; turn <= 2; turn++) {
    const { stdout } = await run(process.execPath, ["src/cli/migrate.ts"], {
      env: { DATABASE_URL: database.url },
    });
    expect(stdout).toBe("The database is up to date.\n");
  }
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query("select count(*)::int as messages from messages");
  await client.end();
  expect(rows).toEqual([{ messages: 0 }]);
});

it("the command migrate says what it does not know and migrates nothing", async () => {
  for (const word of ["now", "--force"]) {
    const { code, stdout, stderr } = await run(process.execPath, ["src/cli/migrate.ts", word], {
      env: {},
    }).then(
      (done) => ({ code: 0, ...done }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(new RegExp(`^Un.* '${word}'.*\n[^]*Usage: npm run migrate`));
  }
});

it("the command migrate shows how it is used", async () => {
  for (const option of ["--help", "-h"]) {
    const { stdout } = await run(process.execPath, ["src/cli/migrate.ts", option], { env: {} });
    expect(stdout).toContain("Usage: npm run migrate");
  }
});
