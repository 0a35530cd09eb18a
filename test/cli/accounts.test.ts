import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { eventually } from "../support/process.ts";

const main = fileURLToPath(new URL("../../src/cli/accounts.ts", import.meta.url));

let app: TestApp;
/** Holds what a deletion waits for. */
let holder: Client;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  holder = new Client({ connectionString: app.databaseUrl });
  await holder.connect();
});

afterAll(async () => {
  await holder.end();
  await app.stop();
});

function run(...given: string[]) {
  // oxlint-disable-next-line node/no-process-env
  const env = { PATH: process.env["PATH"] ?? "", DATABASE_URL: app.databaseUrl };
  return spawn(process.execPath, [main, ...given], { env, stdio: ["ignore", "pipe", "pipe"] });
}

it("npm run accounts deletes an account on from where it was killed, and the audit log names the command", async () => {
  const accountId = await app.createAccount();
  await app.createKey(undefined, accountId);
  const { database } = app.services;
  await database.pool.query(
    `insert into suppressions (account_id, recipient, sender, source, created_at)
     select $1, '+4219' || lpad(n::text, 8, '0'), '', 'API', now() from generate_series(1, 5000) as n`,
    [accountId],
  );
  await holder.query("begin");
  await holder.query("select 1 from api_keys where account_id = $1 for update", [accountId]);
  const killed = run("delete", accountId, "--yes");
  const progress = async (): Promise<{ deleted: bigint; finishedAt: Date | null } | null> =>
    database.prisma.accountDeletion.findUnique({ where: { accountId } });
  await eventually(async () => ((await progress())?.deleted ?? 0n) >= 5_000n);
  killed.kill("SIGKILL");
  await once(killed, "close");
  await holder.query("rollback");
  expect(await progress()).toMatchObject({ finishedAt: null });
  expect(await database.prisma.account.count({ where: { id: accountId } })).toBe(1);

  const again = run("delete", accountId, "--yes");
  const [told, [code]] = await Promise.all([text(again.stderr), once(again, "close")]);
  expect([code, told]).toEqual([0, expect.stringMatching(/Nothing of .* is left: 50\d\d rows are deleted/)]);
  expect(await database.prisma.account.count({ where: { id: accountId } })).toBe(0);
  expect((await progress())?.finishedAt).toBeInstanceOf(Date);
  const entries = await database.prisma.auditEntry.findMany({ where: { accountId, actor: "COMMAND" } });
  expect(entries.map(({ action }) => action)).toEqual(["ACCOUNT_SUSPENDED", "ACCOUNT_DELETED"]);
  expect(entries[0]?.command).toMatch(/^npm run accounts, by /);
});

it.each([
  [["list", "all"], "all"],
  [["create", "Corner", "shop"], "shop"],
  [["suspend", "Corner", "shop"], "shop"],
  [["resume", "Corner", "shop"], "shop"],
  [["delete", "Corner", "shop", "--yes"], "shop"],
])("npm run accounts refuses a word too many: %s", async (given, word) => {
  const refused = run(...given);
  const [told, shown, [code]] = await Promise.all([
    text(refused.stderr),
    text(refused.stdout),
    once(refused, "close"),
  ]);
  expect([code, shown]).toEqual([1, ""]);
  expect(told).toMatch(new RegExp(`^"${word}" is one word too many[^]*Usage: npm run accounts`));
});
