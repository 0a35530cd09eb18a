import { setTimeout as pause } from "node:timers/promises";
import type { Accounts } from "../accounts/accounts.ts";
import { deleteSome, readDeletion } from "../accounts/delete-account.ts";
import { ConfigError } from "../config.ts";
import type { Database } from "../database/database.ts";
import { isUuid } from "../lib/uuid.ts";
import { table } from "./table.ts";

interface Named {
  id: string;
  name: string;
}

/** @throws ConfigError when there is no such account, or several have the name */
export async function findAccount({ prisma }: Database, who: string): Promise<Named> {
  const where = isUuid(who) ? { id: who } : { name: who };
  const [account, another] = await prisma.account.findMany({ where, take: 2 });
  if (!account)
    throw new ConfigError(`There is no account "${who}". \`npm run accounts -- list\` shows all of them.`);
  if (another) throw new ConfigError(`Several accounts are named "${who}". Give the id of one.`);
  return account;
}

/** Only the key is written to standard output. */
export async function createAccount(accounts: Accounts, name: string): Promise<void> {
  if (name.trim() === "") throw new ConfigError("The account needs a name.");
  const { accountId, secret } = await accounts.create(name);
  process.stdout.write(`${secret}\n`);
  process.stderr.write(
    `\nThis is the first key of "${name}" (${accountId}), shown this once; it may do everything.\n`,
  );
}

export async function listAccounts({ prisma }: Database): Promise<void> {
  const accounts = await prisma.account.findMany({ orderBy: { id: "asc" } });
  const rows = accounts.map(({ id, name, createdAt, suspendedAt, deletingAt }) => [
    id,
    name,
    createdAt.toISOString().slice(0, 16).replace("T", " "),
    deletingAt ? "being deleted" : suspendedAt ? "suspended" : "active",
  ]);
  process.stdout.write(table([["ID", "NAME", "MADE", "STATE"], ...rows]));
}

const sayEveryMs = 1_000;
const lookAgainMs = 200;

/** Does the work itself, and says what is done; where a worker does it already, it only says that. */
export async function deleteAccount(
  database: Database,
  accounts: Accounts,
  { id, name }: Named,
): Promise<void> {
  await accounts.delete(id);
  for (let saidAt = 0; ;) {
    const isMore = await deleteSome(database, id);
    const progress = await readDeletion(database, id);
    if (progress?.isFinished !== false) break;
    if (performance.now() - saidAt > sayEveryMs) {
      process.stderr.write(
        `${progress.deleted} rows deleted, now ${progress.step || "waiting for what is being sent"}\n`,
      );
      saidAt = performance.now();
    }
    if (!isMore) await pause(lookAgainMs);
  }
  const deleted = (await readDeletion(database, id))?.deleted ?? 0;
  process.stderr.write(`Nothing of "${name}" is left: ${deleted} rows are deleted.\n`);
}
