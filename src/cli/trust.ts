import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { getOperationAST, parse, validate } from "graphql";
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { findDatabase } from "../development/stored-database.ts";
import { maxTokens } from "../graphql/schema/limits.ts";
import { schema } from "../graphql/schema/schema.ts";
import { otherThanFile } from "../lib/other-than-file.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { readManifests, shorten, type FoundDocument, type SourceFile } from "../trusted/manifests.ts";
import { storeDocuments } from "../trusted/store.ts";
import { maxTrustedIds } from "../trusted/trusted-documents.ts";
import { readArguments } from "./arguments.ts";

const help = `Stores documents, so that clients can name them by a hash instead of sending them. With
TRUSTED_DOCUMENTS_ONLY=true the server executes nothing else.

Usage: npm run trust -- <file or folder>… [--check] [--replace]

Takes manifests in JSON (of Relay's compiler, of graphql-codegen, and Apollo's persisted query manifest) and documents
in .graphql or .gql files. Folders are searched through. Every document is checked against the schema first, and
nothing is stored when one does not fit.

  --check     only checks
  --replace   what is not among them is trusted no longer

Takes the same environment variables as smsgraph itself: DATABASE_URL, or in development the database in DATA_DIR, for
which smsgraph has to be stopped. Running processes know the documents within a second.
`;

const options = {
  check: { type: "boolean", default: false },
  replace: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const usage = (problem: string): ConfigError => new ConfigError(`${problem}\n\n${help}`);

async function main(): Promise<void> {
  const { values, positionals } = readArguments({ options, allowPositionals: true }, help);
  if (values.help) return void process.stdout.write(help);
  if (positionals.length === 0) throw usage("Which documents? Give files or folders.");
  const files = (await Promise.all(positionals.map(filesIn))).flat();
  const found = readManifests(files);
  const problems = found.flatMap(problemsOf);
  if (problems.length > 0) throw new ConfigError(`Nothing is stored:\n${problems.join("\n")}`);
  if (found.length === 0) throw new ConfigError(`There is no operation in ${positionals.join(", ")}.`);
  if (found.flatMap(({ ids }) => ids).length > maxTrustedIds)
    throw new ConfigError(
      `These are more than ${maxTrustedIds} hashes. Trust those that clients in use have.`,
    );
  process.stdout.write(`${found.length} operations in ${files.length} files fit the schema.\n`);
  if (!values.check) await store(found, values.replace);
}

async function store(found: readonly FoundDocument[], replacing: boolean): Promise<void> {
  // oxlint-disable-next-line node/no-process-env
  const config = readConfig({ ...process.env, NODE_ENV: "development" });
  const stops: Stops = [];
  try {
    const database = openDatabase(await findDatabase(config, stops), { poolSize: 2 });
    stops.push(() => database.close());
    const { added, removed } = await storeDocuments(database, found, { replacing });
    process.stdout.write(
      `Stored: ${added} hashes are new or changed${replacing ? `, ${removed} removed` : ""}.\n`,
    );
  } finally {
    await stopAll(stops);
  }
}

const extensions = new Set([".json", ".graphql", ".gql"]);

async function filesIn(path: string): Promise<SourceFile[]> {
  const found = await stat(path).catch(unreadable(path));
  if (!found.isDirectory()) return [await readSource(path)];
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(unreadable(path));
  const files = entries.filter((entry) => !entry.isDirectory() && extensions.has(extname(entry.name)));
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(paths.toSorted().map(readSource));
}

async function readSource(path: string): Promise<SourceFile> {
  const other = otherThanFile(await stat(path).catch(unreadable(path)));
  if (other !== undefined) throw new ConfigError(`${path} is ${other}. Name files or folders.`);
  return { path, text: await readFile(path, "utf8").catch(unreadable(path)) };
}

const unreadable =
  (path: string) =>
  (error: Error): never => {
    throw new ConfigError(`${path} cannot be read: ${error.message}`);
  };

/** Why a document cannot be executed, with its file and operation. */
function problemsOf({ file, name, text }: FoundDocument): string[] {
  const where = `  ${file}, ${shorten(name)}:`;
  try {
    const document = parse(text, { maxTokens });
    if (!getOperationAST(document)) return [`${where} it has no operation, or several.`];
    return validate(schema, document).map(({ message }) => `${where} ${shorten(message)}`);
  } catch (error) {
    return [`${where} ${shorten((error as Error).message)}`];
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
