import { globSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildSchema, isEnumType, parse } from "graphql";
import { printDocuments } from "../packages/client/codegen.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Enums that the console offers to choose from: a new value appears there by itself. */
const chosenFrom = ["AuditAction"];

async function printChoices(): Promise<string> {
  const schema = buildSchema(await readFile(here("../schema.graphql"), "utf8"));
  const lines = chosenFrom.map((name) => {
    const type = schema.getType(name);
    if (!isEnumType(type)) throw new Error(`The schema has no enum ${name}`);
    const values = JSON.stringify(type.getValues().map((value) => value.name));
    return `export const every${name}: readonly ${name}[] = ${values};\n`;
  });
  return `\n${lines.join("")}`;
}

/** The types of the console's operations and a typed document for each. */
export async function printConsoleDocuments(): Promise<{ path: string; text: string }> {
  const paths = globSync("src/**/*.graphql", { cwd: here(".") }).toSorted();
  const documents = await Promise.all(
    paths.map(async (location) => {
      const rawSDL = await readFile(here(location), "utf8");
      return { location, document: parse(rawSDL), rawSDL };
    }),
  );
  const text = await printDocuments(documents, here("src/gql/"));
  return { path: here("src/gql/graphql.ts"), text: `${text}${await printChoices()}` };
}

if (import.meta.main) {
  const { path, text } = await printConsoleDocuments();
  await mkdir(here("src/gql/"), { recursive: true });
  await writeFile(path, text);
}
