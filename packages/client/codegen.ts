/** Prints what the package has from the schema: typed operations, their texts, and which types a type may be. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import {
  buildSchema,
  isAbstractType,
  Kind,
  parse,
  stripIgnoredCharacters,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  visit,
} from "graphql";
import { scalars } from "./src/codegen.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Printed {
  path: string;
  text: string;
}

export async function printGenerated(): Promise<Printed[]> {
  const schema = buildSchema(await readFile(schemaPath, "utf8"));
  const operations = await readFile(here("operations.graphql"), "utf8");
  const documents = [{ location: "operations.graphql", document: parse(operations), rawSDL: operations }];
  return [
    { path: here("src/operations.ts"), text: await printDocuments(documents, here("src/")) },
    { path: here("src/queries.ts"), text: printQueries(parse(operations)) },
    { path: here("src/possible-types.ts"), text: printPossibleTypes(schema) },
  ];
}

const schemaPath = here("../../schema.graphql");

/** The types of operations and a typed document for each, as TypeScript. */
export async function printDocuments(
  documents: { location: string; document: DocumentNode; rawSDL: string }[],
  baseOutputDir: string,
): Promise<string> {
  const schema = await readFile(schemaPath, "utf8");
  const sections = await preset.buildGeneratesSection({
    baseOutputDir,
    schema: parse(schema),
    schemaAst: buildSchema(schema),
    documents,
    config: { scalars, enumsAsTypes: true, useTypeImports: true },
    presetConfig: { fragmentMasking: false },
    plugins: [],
    pluginMap: {},
    pluginContext: {},
  });
  const section = sections.find(({ filename }) => filename.endsWith("/graphql.ts"));
  if (!section) throw new Error("The preset makes no graphql.ts any more");
  return codegen(section);
}

/** Operations with their fragments, without blanks: the core of the package is weighed. */
function printQueries({ definitions }: DocumentNode): string {
  const fragments = new Map(
    definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  const lines = definitions.flatMap((each) => {
    if (each.kind !== Kind.OPERATION_DEFINITION || !each.name) return [];
    const used: FragmentDefinitionNode[] = [];
    visit(each, {
      FragmentSpread: ({ name }) => void used.push(...[fragments.get(name.value)].filter((one) => !!one)),
    });
    const text = [each, ...used].map(({ loc }) => loc?.source.body.slice(loc.start, loc.end)).join("\n");
    const { value } = each.name;
    const suffix = each.operation === "mutation" ? "Mutation" : "Query";
    const name = `${value.charAt(0).toLowerCase()}${value.slice(1)}${suffix}`;
    return [`export const ${name} =\n  ${JSON.stringify(stripIgnoredCharacters(text))};\n`];
  });
  return `// Printed from operations.graphql by codegen.ts.\n\n${lines.join("\n")}`;
}

function printPossibleTypes(schema: GraphQLSchema): string {
  const lines = Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => {
      const names = schema.getPossibleTypes(type).map(({ name }) => name);
      return `  ${type.name}: ${JSON.stringify(names.toSorted())},`;
    });
  return [
    "// Printed from schema.graphql by codegen.ts.\n",
    "/** Which types a union or interface may be, for `InMemoryCache` of Apollo Client. */",
    "export const possibleTypes: Readonly<Record<string, string[]>> = {",
    ...lines.toSorted(),
    "};\n",
  ].join("\n");
}

if (import.meta.main) {
  await mkdir(here("src/"), { recursive: true });
  for (const { path, text } of await printGenerated()) await writeFile(path, text);
}
