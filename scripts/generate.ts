import { spawnSync } from "node:child_process";
import { delimiter, resolve } from "node:path";

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
if (result.status !== 0) {
  process.stderr.write(
    `${result.stdout}${result.stderr}\nCould not generate the Prisma client: see above.\n`,
  );
}
process.exitCode = result.status ?? 1;
