import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** `architecture.json`: who may import whom, and who writes which table. What is not named there is forbidden. */
export interface Architecture {
  /** By folder of `src` (or file at its top): the folders it may import from, types included. */
  imports: Readonly<Record<string, { does: string; from: readonly string[] }>>;
  /** By database table: the folders that insert, update or delete its rows. */
  tables: Readonly<Record<string, readonly string[]>>;
}

export const readArchitecture = (): Architecture =>
  JSON.parse(readFileSync("architecture.json", "utf8")) as Architecture;

/** A source file with what it imports of our own, and which tables its statements write. */
export interface SourceFile {
  path: string;
  folder: string;
  imports: readonly string[];
  writes: readonly string[];
}

/** The folders that hold several ideas, each in a folder of its own. */
const divided = new Set(["messages", "pricing", "campaigns", "graphql"]);

/** The unit of the rules: `messages/log`, `lanes`; `main.ts` and its neighbours at the top are one, but for `config.ts`. */
export function folderOf(path: string): string {
  const [first = "", second = "", ...deeper] = path.split("/").slice(1);
  if (second === "") return first === "config.ts" ? "config.ts" : "main.ts";
  return divided.has(first) && deeper.length > 0 ? `${first}/${second}` : first;
}

/** Everything under `src` that was not generated. */
export function readSources(): SourceFile[] {
  return globSync("src/**/*.ts")
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("src/database/generated/"))
    .toSorted()
    .map((path) => {
      const source = readFileSync(path, "utf8");
      return { path, folder: folderOf(path), imports: importsOf(path, source), writes: writesOf(source) };
    });
}

const importLine = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g;

function importsOf(path: string, source: string): string[] {
  return [...source.matchAll(importLine)].map(([, to = ""]) =>
    normalize(join(dirname(path), to)).replaceAll("\\", "/"),
  );
}

const statementHead = /\b(?:insert into|update|delete from|truncate|merge into)\s+(?:only\s+)?"?([a-z_]+)"?/g;
const prismaWrite = /\bprisma\.([a-zA-Z]+)\.(?:create|update|upsert|delete)/g;

const tableNames: readonly string[] = [
  ...readFileSync("prisma/schema.prisma", "utf8").matchAll(/@@map\("([a-z_]+)"\)/g),
].map(([, name = ""]) => name);

/** Tables that SQL or Prisma calls in a source text write. Only names of real tables count: prose says `update`, too. */
function writesOf(source: string): string[] {
  const inSql = [...source.matchAll(statementHead)].map(([, table = ""]) => table);
  const byPrisma = [...source.matchAll(prismaWrite)].map(([, model = ""]) => tableOfModel(model));
  return [...new Set([...inSql, ...byPrisma])].filter((table) => tableNames.includes(table));
}

function tableOfModel(model: string): string {
  const schema = readFileSync("prisma/schema.prisma", "utf8");
  const name = model[0]?.toUpperCase() + model.slice(1);
  return new RegExp(`model ${name} \\{[^}]*@@map\\("([a-z_]+)"\\)`).exec(schema)?.[1] ?? model;
}
