import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const generated = "src/database/generated/internal";

/**
 * Generates the Prisma client and the Pothos types into `src/database/generated`.
 *
 * Generating needs no schema engine, yet the Prisma CLI downloads one first. Naming any existing executable
 * instead keeps the installation free of downloads from outside the package registry.
 */
// oxlint-disable-next-line node/no-process-env
const { PATH = "", ...inherited } = process.env;
const environment = {
  ...inherited,
  PATH: `${resolve("node_modules/.bin")}${delimiter}${PATH}`,
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
};

const result = spawnSync(process.execPath, ["node_modules/prisma/build/index.js", "generate", "--no-hints"], {
  env: environment,
  encoding: "utf8",
});
if (result.status === 0) await unpackQueryCompiler();
else {
  process.stderr.write(
    `${result.stdout}${result.stderr}\nCould not generate the Prisma client: see above.\n`,
  );
}
process.exitCode = result.status ?? 1;

/**
 * The client comes with its query compiler as the text of a module: 15 MB of every process, for its source, its value
 * and what Node keeps of both. We make a file of it, which is read once and let go.
 */
async function unpackQueryCompiler(): Promise<void> {
  const client = join(generated, "class.ts");
  const source = readFileSync(client, "utf8");
  const [loading, name = ""] =
    /const \{ wasm \} = await import\("(.+?)"\)\s+return await decodeBase64AsWasm\(wasm\)/.exec(source) ?? [];
  if (loading === undefined)
    throw new Error(`${client} loads its query compiler in a way that is not known here`);
  const text = (await import(name)) as { wasm: string };
  writeFileSync(join(generated, "query-compiler.wasm"), Buffer.from(text.wasm, "base64"));
  const ours = `const { loadQueryCompiler } = await import("../../query-compiler.ts")
    return await loadQueryCompiler()`;
  writeFileSync(
    client,
    source.replace(loading, () => ours),
  );
}
