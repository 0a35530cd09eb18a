import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildSchema, parse } from "graphql";
import { scalars } from "smsgraph/codegen";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const output = here("src/gql/");

/** The types of our operations and a typed document for each, as TypeScript. */
export async function generateDocuments(): Promise<{ path: string; text: string }[]> {
  const schema = await readFile(here("../../schema.graphql"), "utf8");
  const operations = await readFile(here("src/operations.graphql"), "utf8");
  const sections = await preset.buildGeneratesSection({
    baseOutputDir: output,
    schema: parse(schema),
    schemaAst: buildSchema(schema),
    documents: [{ location: "src/operations.graphql", document: parse(operations), rawSDL: operations }],
    config: {
      scalars,
      enumsAsTypes: true,
      useTypeImports: true,
    },
    presetConfig: { fragmentMasking: false },
    plugins: [],
    pluginMap: {},
    pluginContext: {},
  });
  return Promise.all(
    sections
      .filter(({ filename }) => filename.endsWith("/graphql.ts"))
      .map(async (section) => ({ path: section.filename, text: await codegen(section) })),
  );
}

if (import.meta.main) {
  await mkdir(output, { recursive: true });
  for (const { path, text } of await generateDocuments()) await writeFile(path, text);
}
